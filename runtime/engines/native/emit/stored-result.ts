/** A result that keeps every dim: stored, or merged with what is there, element by element. */
import type { KernelOut, PointKernel } from "../../../../compiler/kernel/kernel.js";
import { block, type CText } from "./c-text.js";
import { type Place, reducerFor } from "./reducer.js";
import type { EmittedScalars } from "./scalars.js";

/** `at`: the C address of lane 0 of a result; `step`: from lane to lane; `place`: that of lane l; `merges`: a C condition. */
export function storeResult(
  kernel: PointKernel,
  out: KernelOut,
  scalars: EmittedScalars,
  { at, step, place, merges }: { readonly at: string; readonly step: string; readonly place: Place; readonly merges: string },
): CText {
  const dtype = kernel.operands[out.operand]?.dtype ?? "f32";
  const name = scalars.name(out.value);
  if (out.merge === "none") return [`store_lanes_${dtype}(${at}, ${step}, n, ${name});`];
  if (out.merge === "sum" && scalars.lane(out.value) === dtype && (dtype === "f32" || dtype === "f64"))
    return [`store_lanes_${dtype}(${at}, ${step}, n, ${merges} ? load_lanes_${dtype}(${at}, ${step}, n) + ${name} : ${name});`];
  const reducer = reducerFor(kernel, out, scalars, "along");
  return [
    "{",
    [
      `struct { ${reducer.type} r; } one;`,
      reducer.start("one.r"),
      reducer.take("one.r", "first_lanes(n)"),
      ...reducer.flush("one.r"),
      ...block("for (int l = 0; l < n; l++)", reducer.put("one.r", "l", place, merges)),
    ],
    "}",
  ];
}
