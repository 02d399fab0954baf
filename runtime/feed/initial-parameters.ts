import { normal, truncatedNormal, uniform } from "../../compiler/kernel/philox.js";
import type { Init, ParamDecl } from "../../compiler/lower/program.js";
import { evaluateSize } from "../../compiler/graph/size.js";
import { filled, type HostArray } from "../data/host-array.js";
import { floatStorage } from "./fit-array.js";
import { siteOf } from "./random-site.js";

/** The standard deviation of a standard normal cut at ±2, by which a draw is divided so that `std` is what one gets. */
const TRUNCATED_STD = 0.87962566103423978;

/** A parameter's first value: a pure function of (seed, path, element), equal on every engine and at every batch size. */
export function initialParameter(decl: ParamDecl, seed: number, precision: "f32" | "f64"): HostArray {
  // Parameters have model sizes only; a batch size here would be a fault of the checker, and evaluateSize throws on it.
  const shape = decl.type.shape.map((size) => evaluateSize(size, {}));
  const key = { seed, step: 0, site: siteOf(decl.path) };
  return filled(floatStorage(decl.type.dtype, precision), shape, drawOf(decl.init, key));
}

function drawOf(init: Init, key: { readonly seed: number; readonly step: number; readonly site: number }): (index: number) => number {
  switch (init.kind) {
    case "constant":
      return () => init.value;
    case "normal":
      return (i) => init.std * normal(key, i);
    case "truncated_normal":
      return (i) => (init.std / TRUNCATED_STD) * truncatedNormal(key, i);
    case "uniform":
      return (i) => init.low + (init.high - init.low) * uniform(key, i);
  }
}
