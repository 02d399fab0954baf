import { type BatchId, evaluateSize } from "../../compiler/graph/size.js";
import { isFloat } from "../../compiler/graph/type.js";
import { normal, randomWords } from "../../compiler/kernel/philox.js";
import type { InputDecl } from "../../compiler/lower/program.js";
import type { IndexBound } from "../../compiler/plan/plan.js";
import { filled, type HostArray } from "../data/host-array.js";
import { floatStorage } from "./fit-array.js";
import { siteOf } from "./random-site.js";

/**
 * An input drawn at random: standard normal floats, fair bools, and integers below the table that they index, else
 * below the number of rows, so that labels drawn like this collide now and then.
 */
export function syntheticInput(
  decl: InputDecl,
  seed: number,
  dims: Readonly<Record<BatchId, number>>,
  bounds: readonly IndexBound[],
  precision: "f32" | "f64",
): HostArray {
  const shape = decl.type.shape.map((size) => evaluateSize(size, dims));
  const { dtype } = decl.type;
  const key = { seed, step: 0, site: siteOf(decl.name) };
  if (isFloat(dtype)) return filled(floatStorage(dtype, precision), shape, (i) => normal(key, i));
  const tables = bounds.filter(({ input }) => input === decl.name).map(({ below }) => evaluateSize(below, dims));
  const below = dtype === "bool" ? 2 : Math.max(1, tables.length > 0 ? Math.min(...tables) : (shape[0] ?? 1));
  return filled(dtype, shape, (i) => randomWords(key, i)[0] % below);
}
