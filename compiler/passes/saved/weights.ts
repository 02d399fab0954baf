/** What values weigh before batch sizes are known: as if every batch were of `NOMINAL` rows. Only ratios are read of it. */
import { contractionFlops } from "../../graph/contraction-flops.js";
import type { GraphNode, Id, Node } from "../../graph/graph.js";
import { product, type Size } from "../../graph/size.js";
import { dtypeBytes, type Type } from "../../graph/type.js";

const NOMINAL = 256;

const nominal = (size: Size): number =>
  size.reduce((sum, { coef, pow }) => sum + coef * NOMINAL ** Object.values(pow).reduce((degree, p) => degree + p, 0), 0);

export const nominalBytes = ({ dtype, shape }: Type): number => dtypeBytes[dtype] * nominal(product(shape));

export const nominalFlops = (nodes: ReadonlyMap<Id, GraphNode>, dot: Node<"dot">): number => nominal(contractionFlops(nodes, dot));
