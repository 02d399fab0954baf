/** What can be wrong with a program when it is made into a training step. */
import { error } from "../../grammar/diagnostic.js";

export const messages = {
  nothingToTrain: error("SIG4101")`there is nothing to train: ${"why"}.`
    .help`leave at least one \`param\` unfrozen, or use \`sigc run\` to evaluate the program`,
} as const;
