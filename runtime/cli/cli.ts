/** The door: parses the command line, runs one command, and turns whatever happens into an exit code and a report. */
import { Command, CommanderError } from "commander";
import { UserError, userError } from "../user-error.js";
import type { Console } from "./console.js";
import { registerBench } from "./commands/bench.js";
import { registerCheck } from "./commands/check.js";
import { registerConvert } from "./commands/convert.js";
import { registerDoctor } from "./commands/doctor.js";
import { registerEmbed } from "./commands/embed.js";
import { registerEval } from "./commands/eval.js";
import { registerExplain } from "./commands/explain.js";
import { registerFmt } from "./commands/fmt.js";
import { registerInit } from "./commands/init.js";
import { registerIr } from "./commands/ir.js";
import { registerPlan } from "./commands/plan.js";
import { registerQuery } from "./commands/query.js";
import { registerReserved } from "./commands/reserved.js";
import { registerRun } from "./commands/run.js";
import { registerTrain } from "./commands/train.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";
import { cliMessages } from "./messages.js";
import { ProgramRefused } from "./program-refused.js";
import { reportBug, reportRefusal, reportUserError } from "./report.js";
import type { Register } from "./session.js";
import { version } from "./version.js";

const commands: readonly Register[] = [
  registerInit,
  registerCheck,
  registerFmt,
  registerRun,
  registerTrain,
  registerEval,
  registerEmbed,
  registerQuery,
  registerConvert,
  registerPlan,
  registerIr,
  registerExplain,
  registerBench,
  registerDoctor,
  registerReserved,
];

export async function runCli(argv: readonly string[], console: Console): Promise<ExitCode> {
  let exit: ExitCode = exitCodes.ok;
  let spoke = false;
  const watched: Console = {
    ...console,
    out: (text) => {
      spoke = true;
      console.out(text);
    },
  };
  try {
    const sigc = door(watched);
    for (const register of commands) register(sigc, { console: watched, finish: (code) => (exit = code) });
    await sigc.parseAsync([...argv], { from: "user" });
    return exit;
  } catch (thrown) {
    // After a whole document nothing may follow it on stdout; a stream may end with the failure as one more line.
    const json = argv.includes("--json") && (!spoke || streams(argv)) ? (streams(argv) ? "line" : "document") : null;
    if (thrown instanceof CommanderError) {
      if (thrown.exitCode === 0) return exitCodes.ok;
      // Bare `sigc` has printed the help to stderr already.
      if (thrown.code === "commander.help") return exitCodes.usage;
      return reportUserError(usageError(thrown, argv), watched, json);
    }
    if (thrown instanceof UserError) return reportUserError(thrown, watched, json);
    if (thrown instanceof ProgramRefused) return reportRefusal(thrown, watched, json);
    const reason = outOfMemory(thrown);
    if (reason !== null) return reportUserError(userError(cliMessages.outOfMemory, { reason }), watched, json);
    return reportBug(thrown, argv, watched, json);
  }
}

/** V8 has no error of its own for it: an array that it cannot hold is a RangeError with one of these texts, perhaps wrapped. */
function outOfMemory(thrown: unknown): string | null {
  if (!(thrown instanceof Error)) return null;
  const isIt = thrown instanceof RangeError && /allocation failed|Invalid (typed )?array (buffer )?length/i.test(thrown.message);
  return isIt ? thrown.message : outOfMemory(thrown.cause);
}

const streams = (argv: readonly string[]): boolean => argv[0] === "train";

function door(console: Console): Command {
  return new Command("sigc")
    .description("check, compile, run and train .sig programs")
    .version(version(), "-V, --version", "print the version")
    .helpCommand(true)
    .exitOverride()
    .configureOutput({
      writeOut: console.out,
      writeErr: console.err,
      outputError: () => {},
      getErrHasColors: () => console.colour.err,
      getOutHasColors: () => console.colour.out,
    });
}

/** Commander's text, cut into what is wrong and what to do: "error: unknown option '--jsn'\n(Did you mean --json?)". */
function usageError(error: CommanderError, argv: readonly string[]): UserError {
  const [problem = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const command = (argv[0] ?? "").startsWith("-") ? "" : (argv[0] ?? "");
  const plain = userError(cliMessages.usage, { problem: problem.replace(/\.$/, ""), command }, 2);
  const help = suggestion === undefined ? plain.help : [suggestion.replace(/^\((.*)\)$/, "$1")];
  return new UserError(plain.code, plain.message, help, 2);
}
