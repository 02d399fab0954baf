import { error } from "../../grammar/diagnostic.js";

/** What is asked of a benchmark and cannot be had. */
export const benchMessages = {
  unknownPeer: error("SIG7050")`there is no peer "${"name"}".`.help`there is: ${"help"}`,
  peersNeedGradients: error("SIG7051")`peers are timed with all gradients, and this step has none.`.help`add --grad, or --step`,
} as const;
