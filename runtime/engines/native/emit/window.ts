/** A read through windows as one C expression of lanes: what is outside is not touched. */
import type { Scalar, WindowAxis } from "../../../../compiler/kernel/kernel.js";
import { plainAxis, windowDims } from "../../../../compiler/kernel/window.js";
import { sum } from "./c-text.js";
import { elementType, readElement } from "./elements.js";
import type { DType } from "../../../../compiler/graph/type.js";
import { laneOf } from "./scalar-ops.js";

export type WindowRead = Extract<Scalar, { readonly kind: "window" }>;

/** `lanes`: the dim that lanes run along from x on. `dense`: they lie side by side. `width`: how many are wanted. `at`: other positions. */
export type Lanes = {
  readonly lanes: number;
  readonly dense: boolean;
  readonly width: string;
  readonly at: (dim: number) => string;
};

const stride = (operand: number, axis: number): string => `call->operand[${operand}].stride[${axis}]`;

/** The C of the element step along a dim; 0 where positions make more of it. */
export function windowStride({ operand, axes }: WindowRead, dim: number): string {
  const axis = plainAxis(axes, dim);
  return axis < 0 ? "0" : stride(operand, axis);
}

export function readWindow(stored: DType, window: WindowRead, { lanes, dense, width, at }: Lanes): string {
  const { operand, axes, dtype } = window;
  const vector = `${laneOf(dtype)}v`;
  const along = plainAxis(axes, lanes);
  const position = (dim: number): string => (dim !== lanes ? at(dim) : along < 0 ? "w_x" : "0");
  const find = [
    ...axes.map((axis, k) => `const int64_t w_q${k} = ${positionText(axis, position)};`),
    `const int w_in = ${[...axes.flatMap((axis, k) => insideText(axis, `w_q${k}`))].join(" && ") || "1"};`,
  ];
  const offset = axes.map(({ over }, k) => `w_q${k}${over === 1 ? "" : ` / ${over}`} * ${stride(operand, k)}`).join(" + ");
  const pointer = `const ${elementType(stored)} *w_p = (const ${elementType(stored)} *)call->operand[${operand}].data + (w_in ? ${offset} : 0);`;
  if (!windowDims(axes).includes(lanes))
    return `({ ${[...find, pointer].join(" ")} splat_${laneOf(dtype)}(w_in ? ${readElement(stored, "w_p")} : 0); })`;
  if (along < 0) {
    const each = [`const int64_t w_x = x + w_l;`, ...find, `if (w_in) { ${pointer} w_v[w_l] = ${readElement(stored, "w_p")}; }`].join(" ");
    return `({ ${vector} w_v = {0}; for (int w_l = 0; w_l < ${width}; w_l++) { ${each} } w_v; })`;
  }
  const step = stride(operand, along);
  const load = !dense
    ? `load_lanes_${dtype}(w_p + x * ${step}, ${step}, ${width})`
    : width === "SIG_LANES"
      ? `load_${dtype}(w_p + x)`
      : `load_first_${dtype}(w_p + x, ${width}, (${vector}){0})`;
  return `({ ${[...find, pointer].join(" ")} w_in ? ${load} : (${vector}){0}; })`;
}

function positionText({ terms, start }: WindowAxis, position: (dim: number) => string): string {
  const parts = terms.map(({ dim, divisor, modulus, step }) => {
    const divided = divisor === 1 ? position(dim) : `${position(dim)} / ${divisor}`;
    const part = modulus === null ? divided : `${divided} % ${modulus}`;
    return step === 1 ? part : `${part} * ${step}`;
  });
  return sum([...parts, ...(start === 0 && parts.length > 0 ? [] : [String(start)])]);
}

function insideText({ over, extent }: WindowAxis, q: string): readonly string[] {
  if (extent === null) return [];
  return [`${q} >= 0`, ...(over === 1 ? [] : [`${q} % ${over} == 0`]), `${q} < ${extent * over}`];
}
