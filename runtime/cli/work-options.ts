import { type Command, Option } from "commander";
import type { Work } from "./compile-work.js";

/** Which graph of a program is meant: what it defines, its gradients, or a whole training step. */
export type WorkOptions = { readonly grad?: true; readonly train?: true };

export const withWorkOptions = (command: Command): Command =>
  command
    .addOption(new Option("--grad", "with the gradient of every parameter and float input").conflicts("train"))
    .addOption(new Option("--train", "the whole training step, the optimiser's update included"));

export const workOf = ({ grad, train }: WorkOptions): Work => (train ? "step" : grad ? "gradients" : "results");
