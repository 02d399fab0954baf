import type { Command } from "commander";
import type { Console } from "./console.js";
import type { ExitCode } from "./exit-codes.js";

/** Every command has it: stdout is then one JSON document, or JSON lines where it streams. */
export type CommonOptions = { readonly json?: true };

/** What a command gets from the door: where to speak, and where to leave its exit code. */
export type Session = { readonly console: Console; readonly finish: (exit: ExitCode) => void };

/** One file per command exports one of these. */
export type Register = (parent: Command, session: Session) => void;

export const jsonFlag = ["--json", "write one JSON document to stdout"] as const;
