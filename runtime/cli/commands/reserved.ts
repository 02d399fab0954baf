import { userError } from "../../user-error.js";
import { cliMessages } from "../messages.js";
import type { Register } from "../session.js";

/** Names that are spoken for, so that nobody's script comes to mean something else by them. */
const reserved = {
  lsp: "serve an editor",
} as const;

export const registerReserved: Register = (parent) => {
  for (const [command, purpose] of Object.entries(reserved))
    parent
      .command(command)
      .description(`${purpose} (not yet)`)
      .argument("[anything...]")
      .allowUnknownOption()
      .helpOption(false)
      .action(() => {
        throw userError(cliMessages.reserved, { command }, 2);
      });
};
