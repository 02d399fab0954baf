/** One side of a contraction: its value along one dim, the positions of all others fixed as i<dim>. */
import type { Factor, KernelOf, Scalar } from "../../../../compiler/kernel/kernel.js";
import { scalarDims } from "../../../../compiler/kernel/factor.js";
import type { CText } from "./c-text.js";
import { elementType, readElement } from "./elements.js";
import { pointerAt, strideAlong } from "./operands.js";
import { type Lane, laneOf, vectorOf } from "./scalar-ops.js";
import { emitScalars } from "./scalars.js";
import { readWindow, type WindowRead, windowStride } from "./window.js";

export type EmittedFactor = {
  /** What is the same at all positions. */
  readonly constant: CText;
  /** Pointers at the fixed positions, and the steps along the lanes. */
  readonly pointers: CText;
  /** What is the same in all lanes. */
  readonly steady: CText;
  /** Of that, what `lines` read: C name and type. */
  readonly held: readonly { readonly name: string; readonly type: string }[];
  /** The value of n lanes from position x on. */
  readonly lines: CText;
  /** The value in lanes of the contraction's type. */
  readonly cast: (to: "f32" | "f64") => string;
};

type Load = Extract<Scalar, { kind: "load" }>;

/** The load that reads most: its layout decides along which dim a panel is packed. Null where the factor follows from indices alone. */
export function mainLoad(factor: Factor): Load | WindowRead | null {
  const loads = factor.scalars.filter((scalar) => scalar.kind === "load" || scalar.kind === "window");
  return loads.toSorted((a, b) => scalarDims(b).length - scalarDims(a).length)[0] ?? null;
}

/** The C of its element step along a dim. */
export const loadStride = (load: Load | WindowRead, dim: number): string =>
  load.kind === "load" ? strideAlong(load.operand, load.access, dim) : windowStride(load, dim);

/** A C condition: all that varies along the dim is dense. */
export function isDenseAlong(dim: number, factor: Factor): string {
  const steps = factor.scalars.flatMap((scalar) =>
    (scalar.kind === "load" || scalar.kind === "window") && scalarDims(scalar).includes(dim) ? [`${loadStride(scalar, dim)} == 1`] : [],
  );
  return steps.length === 0 ? "1" : [...new Set(steps)].join(" && ");
}

/** `dense`: lanes are loaded as they lie, all of them. `width`: the lanes wanted, where that is a constant. */
export function emitFactor(
  prefix: string,
  kernel: KernelOf<"contract">,
  factor: Factor,
  { lanes, dense = false, width = "n" }: { readonly lanes: number; readonly dense?: boolean; readonly width?: string },
): EmittedFactor {
  const fixed = Array.from({ length: kernel.dims }, (_, dim) => dim).filter((dim) => dim !== lanes);
  const constantPointers: string[] = [];
  const pointers: string[] = [];
  const scalars = emitScalars(factor.scalars, [factor.value], {
    prefix,
    levelOf: (dims) => (dims.length === 0 ? 0 : dims.includes(lanes) ? 2 : 1),
    innermost: 2,
    index: (dim) => (dim === lanes ? "(lane_iota() + (int32_t)x)" : `splat_i32((int32_t)i${dim})`),
    accumulator: () => {
      throw new Error("a factor comes before the sum");
    },
    window: (window) => {
      const stored = kernel.operands[window.operand]?.dtype ?? window.dtype;
      return readWindow(stored, window, { lanes, dense, width, at: (dim) => `i${dim}` });
    },
    load: ({ operand, access, dtype }, at) => {
      const p = `${prefix}p${at}`;
      const stored = elementType(kernel.operands[operand]?.dtype ?? dtype);
      (access.length === 0 ? constantPointers : pointers).push(
        `const ${stored} *${p} = ${pointerAt(kernel, operand, access, fixed, (dim) => `i${dim}`)};`,
      );
      if (!access.includes(lanes)) return `splat_${laneOf(dtype)}(${readElement(dtype, p)})`;
      if (dense)
        return width === "SIG_LANES" ? `load_${dtype}(${p} + x)` : `load_first_${dtype}(${p} + x, ${width}, (${laneOf(dtype)}v){0})`;
      const d = `${prefix}d${at}`;
      const step = strideAlong(operand, access, lanes);
      pointers.push(`const int64_t ${d} = ${step};`);
      return `load_lanes_${dtype}(${p} + x * ${d}, ${d}, ${width})`;
    },
  });
  const lane: Lane = scalars.lane(factor.value);
  return {
    pointers,
    constant: [...constantPointers, ...scalars.lines(0)],
    steady: scalars.lines(1),
    held: scalars.carried(2, 1).map((at) => ({ name: scalars.name(at), type: vectorOf(scalars.lane(at)) })),
    lines: scalars.lines(2),
    cast: (to) => (lane === to ? scalars.name(factor.value) : `${lane}_to_${to}(${scalars.name(factor.value)})`),
  };
}
