import type { Target } from "../../compiler/target.js";

/** For commands that look at the graph and run nothing: no engine is loaded, no kernels are formed. */
export const symbolicTarget: Target = {
  engine: "none",
  granularity: "graph",
  memory: "logical",
  precision: "f32",
  alignment: 1,
  maxBytes: null,
  defaultScratchBytes: 2 ** 20,
};
