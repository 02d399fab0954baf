/** A scalar DAG as vector C, cut into levels: what does not change with the inner loops stands before them. */
import type { Scalar } from "../../../../compiler/kernel/kernel.js";
import { windowDims } from "../../../../compiler/kernel/window.js";
import { elementType } from "./elements.js";
import { endsInProduct, isFloatLane, isSum, type Lane, laneOf, literal, scalarOps, vectorOf } from "./scalar-ops.js";
import { type Stage, stagesOf } from "./stages.js";
import type { WindowRead } from "./window.js";

type Load = Extract<Scalar, { kind: "load" }>;

/** Where the DAG stands: how a value reaches it. `level`: 0 is outermost. */
export type Setting = {
  /** Before every name. */
  readonly prefix: string;
  /** The loops that a value at these dims changes with. */
  readonly levelOf: (dims: readonly number[]) => number;
  readonly load: (load: Load, at: number) => string;
  readonly window: (window: WindowRead) => string;
  /** i32 lanes. */
  readonly index: (dim: number) => string;
  readonly accumulator: (lane: Lane) => string;
  /** The innermost level. */
  readonly innermost: number;
};

export type EmittedScalars = {
  /** The C name of an entry. */
  readonly name: (at: number) => string;
  readonly lane: (at: number) => Lane;
  /** The lines of one level, in order. */
  readonly lines: (level: number) => readonly string[];
  /** The innermost level in stages, each of which may go over several points. */
  readonly stages: () => readonly Stage[];
  /** The entries of one level that another reads, or that are wanted from outside. */
  readonly carried: (to: number, from: number) => readonly number[];
  /** The entries that are computed at all. */
  readonly needed: ReadonlySet<number>;
};

/** `wanted`: the entries that are used from outside; others are left out unless those need them. */
export function emitScalars(scalars: readonly Scalar[], wanted: readonly number[], setting: Setting): EmittedScalars {
  const needed = new Set(wanted);
  for (let at = scalars.length - 1; at >= 0; at--) {
    const scalar = scalars[at];
    if (needed.has(at) && scalar?.kind === "op") for (const operand of scalar.ins) needed.add(operand);
  }
  const added = new Set(scalars.flatMap((scalar) => (scalar.kind === "op" && isSum.has(scalar.op) ? scalar.ins : [])));
  const name = (at: number): string => `${setting.prefix}${at}`;
  const lane = (at: number): Lane => laneOf(scalars[at]?.dtype ?? "f32");
  const levels: number[] = [];
  const lines: string[][] = Array.from({ length: setting.innermost + 1 }, () => []);
  const innermost = new Map<number, readonly string[]>();
  scalars.forEach((scalar, at) => {
    const level = levelOf(scalar, levels, setting);
    levels.push(level);
    if (!needed.has(at)) return;
    const to = lane(at);
    const into: string[] = [];
    into.push(
      `${level === setting.innermost ? "" : "const "}${vectorOf(to)} ${name(at)} = ${expression(scalar, at, to, { name, lane, setting })};`,
    );
    // A product that is fused into the addition behind it in one kernel and not in another would have two values: a mask
    // that compares it with an earlier sweep's would flip.
    if (scalar.kind === "op" && endsInProduct.has(scalar.op) && isFloatLane(to) && added.has(at)) {
      into[into.length - 1] = (into.at(-1) ?? "").replace(/^const /, "");
      into.push(`SIG_ROUNDED_${to}(${name(at)});`);
    }
    lines[level]?.push(...into);
    if (level === setting.innermost) innermost.set(at, into);
  });
  const carried = (to: number, from: number): readonly number[] => {
    const read = scalars.flatMap((scalar, at) => (needed.has(at) && levels[at] === to && scalar.kind === "op" ? scalar.ins : []));
    return [...new Set([...read, ...wanted])].filter((at) => levels[at] === from);
  };
  const stages = (): readonly Stage[] =>
    stagesOf(scalars, { has: (at) => innermost.has(at), lines: (at) => innermost.get(at) ?? [], wanted });
  return { name, lane, lines: (level) => lines[level] ?? [], stages, carried, needed };
}

function levelOf(scalar: Scalar, levels: readonly number[], setting: Setting): number {
  switch (scalar.kind) {
    case "const":
    case "parameter":
      return 0;
    case "accumulator":
      return setting.innermost;
    case "index":
      return setting.levelOf([scalar.dim]);
    case "load":
      return setting.levelOf(scalar.access);
    case "window":
      return setting.levelOf(windowDims(scalar.axes));
    case "op":
      return Math.max(0, ...scalar.ins.map((operand) => levels[operand] ?? 0));
  }
}

type Names = { readonly name: (at: number) => string; readonly lane: (at: number) => Lane; readonly setting: Setting };

function expression(scalar: Scalar, at: number, to: Lane, { name, lane, setting }: Names): string {
  switch (scalar.kind) {
    case "const":
      return literal(scalar.value, to);
    case "parameter":
      return `splat_${to}((${to === "bool" ? "int" : elementType(to)})call->parameter[${scalar.parameter}])`;
    case "index":
      return setting.index(scalar.dim);
    case "accumulator":
      return setting.accumulator(to);
    case "load":
      return setting.load(scalar, at);
    case "window":
      return setting.window(scalar);
    case "op": {
      const [x = 0, y = x, z = y, w = z] = scalar.ins;
      return scalarOps[scalar.op]([name(x), name(y), name(z), name(w)], to, lane(x));
    }
  }
}
