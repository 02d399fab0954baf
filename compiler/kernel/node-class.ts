import type { OpName } from "../graph/op-table.js";

/**
 * How a node becomes work. `given`: its bytes are there. `leaf`: known without reading. `layout`: its reader indexes its operand.
 * `points`: one scalar per element. `whole`: a kernel of its own, or copies. `absent`: no such op is left by now.
 */
export type NodeClass = "given" | "leaf" | "layout" | "points" | "reduction" | "contraction" | "whole" | "project" | "absent";

// biome-ignore format: one line per class reads as the table that it is
export const nodeClass = {
  input: "given", arg: "given",
  const: "leaf", size: "leaf", iota: "leaf", loop_index: "leaf",
  neg: "points", abs: "points", sign: "points", exp: "points", expm1: "points", log: "points", log1p: "points", sqrt: "points", rsqrt: "points",
  sin: "points", cos: "points", tanh: "points", erf: "points", floor: "points", sigmoid: "points", softplus: "points", not: "points",
  cast: "points", add: "points", sub: "points", mul: "points", div: "points", mod: "points", pow: "points", maximum: "points", minimum: "points",
  eq: "points", ne: "points", lt: "points", le: "points", gt: "points", ge: "points", and: "points", or: "points", select: "points", random: "points",
  broadcast: "layout", transpose: "layout", slice: "layout", reshape: "layout", windows: "layout", stored: "layout",
  pad: "whole", concat: "whole", cumsum: "whole", sort: "whole", gather: "whole", scatter_add: "whole",
  sum: "reduction", max: "reduction", min: "reduction", logsumexp: "reduction", argmax: "reduction", topk: "reduction", topk_index: "reduction",
  dot: "contraction",
  project: "project",
  stop_gradient: "absent", conv2d: "absent", log_sigmoid: "absent", gelu: "absent", softmax: "absent", l2_normalize: "absent", layer_norm: "absent", in_top_k: "absent",
} as const satisfies { readonly [K in OpName]: NodeClass };
