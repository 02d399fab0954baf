import { error } from "../../grammar/diagnostic.js";

/** What is asked of a benchmark and cannot be had. */
export const benchMessages = {
  unknownPeer: error("SIG7050")`there is no peer "${"name"}".`.help`there is: ${"help"}`,
  peersDoOtherWork: error("SIG7051")`the peers of ${"pipeline"} compute ${"computed"}.`.help`${"help"}`,
} as const;
