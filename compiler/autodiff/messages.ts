/** What can be wrong with a program when its gradient is taken. */
import { error } from "../../grammar/diagnostic.js";

export const messages = {
  notDifferentiable: error("SIG4001")`the loss depends on ${"input"} through ${"op"}, which has no gradient: ${"reason"}.`
    .help`wrap it in stop_gradient(…) if no gradient should flow through it`,
} as const;
