/**
 * Sweeps that contract the same factors over the same two loops: the first may keep the sums of its first tiles, and the later
 * ones read those instead of computing them again.
 *
 *   for i, j: s = contract k1(x[i], y[j])                        for i, j: g = contract k2(x[i], y[j], s)
 *   =>
 *   for i, j: choose { kept[i, j], s = contract k1'(x[i], y[j])  for i, j: choose { g = contract k2'(kept[i, j], s)
 *                else  s = contract k1(x[i], y[j]) }                         else   g = contract k2(x[i], y[j], s) }
 *
 * The sum is kept as it is, before anything is made of it, in its own dtype: whichever way it comes, the rest sees the same bits.
 * How many tiles are kept is open until sizes and budget are known; their bytes are that many blocks, whatever n is.
 */
import { batch, one, printSize, product, type Size, substituteSize } from "../graph/size.js";
import { blockSize, type SymbolicCall, type SymbolicView } from "../kernel/call.js";
import { keepingAccumulator, readingAccumulator } from "../kernel/kept-accumulator.js";
import type { Factor, Kernel, KernelOf } from "../kernel/kernel.js";
import { scalarText } from "../kernel/kernel-text.js";
import type { BufferId, LoopId } from "./plan.js";
import {
  type Keep,
  keptCount,
  paddedExtent,
  type Schedule,
  type SymbolicBuffer,
  type SymbolicLoop,
  type SymbolicStatement,
} from "./symbolic-plan.js";

/** A contraction at the heart of two nested loops. */
type Heart = { readonly loops: readonly [LoopId, LoopId]; readonly kernel: KernelOf<"contract">; readonly call: SymbolicCall };

export function keepTiles(schedule: Schedule, kernels: readonly Kernel[], numberOf: (kernel: Kernel) => number): Schedule {
  const groups = new Map<string, Heart[]>();
  for (const heart of heartsOf(schedule.statements, kernels)) {
    const key = keyOf(heart, schedule.loops);
    const group = groups.get(key);
    // Twice in one sweep is once too often to say which is kept.
    if (group === undefined) groups.set(key, [heart]);
    else if (group.every(({ loops }) => loops[0] !== heart.loops[0])) group.push(heart);
  }
  const buffers: SymbolicBuffer[] = [...schedule.buffers];
  const keeps: Keep[] = [];
  const choices = new Map<SymbolicCall, SymbolicStatement>();
  for (const [maker, ...readers] of groups.values()) {
    if (maker === undefined || readers.length === 0) continue;
    const outer = maker.call.extents.slice(0, 2);
    const sum = maker.kernel.scalars.find(({ kind }) => kind === "accumulator");
    if (sum === undefined) continue;
    const keep = keeps.length;
    const shape = [batch(keptCount(keep)), ...outer];
    const buffer = buffers.push({ name: "kept", role: "temporary", dtype: sum.dtype, shape, loops: [], span: maker.call.span }) - 1;
    const tiles = [maker, ...readers].map(({ loops }) => schedule.loops[loops[0]]?.tile ?? -1);
    keeps.push({ buffer, loops: maker.loops, tiles, inner: product(maker.call.extents.slice(2)) });
    for (const heart of [maker, ...readers]) {
      const twin = heart === maker ? keepingAccumulator : readingAccumulator;
      const { kernel, operands, first } = twin(heart.kernel, heart.call, slotOf(buffer, heart));
      const early: SymbolicStatement = {
        kind: "call",
        kernel: numberOf(kernel),
        call: { ...heart.call, kernel, operands, first },
      };
      const late: SymbolicStatement = { kind: "call", kernel: numberOf(heart.kernel), call: heart.call };
      choices.set(heart.call, { kind: "choose", keep, loops: heart.loops, early, late });
    }
  }
  const replace = (statement: SymbolicStatement): SymbolicStatement =>
    statement.kind === "for"
      ? { ...statement, body: statement.body.map(replace) }
      : statement.kind === "call"
        ? (choices.get(statement.call) ?? statement)
        : statement;
  return { ...schedule, buffers, keeps, statements: schedule.statements.map(replace) };
}

/** Contractions of rows by columns inside exactly two loops, with a block of one loop along each. */
function heartsOf(statements: readonly SymbolicStatement[], kernels: readonly Kernel[]): readonly Heart[] {
  return statements.flatMap((outer) => {
    if (outer.kind !== "for") return [];
    return outer.body.flatMap((inner) => {
      if (inner.kind !== "for") return [];
      return inner.body.flatMap((statement): Heart[] => {
        if (statement.kind !== "call") return [];
        const kernel = kernels[statement.kernel];
        const { call } = statement;
        const blocks = [outer.loop, inner.loop].map((loop) => printSize(blockSize(loop))).sort();
        const dims = call.extents.slice(0, 2).map(printSize).sort();
        if (kernel?.form !== "contract" || kernel.dims - kernel.inner !== 2 || dims.join() !== blocks.join()) return [];
        return [{ loops: [outer.loop, inner.loop], kernel, call }];
      });
    });
  });
}

/** Text that is equal where two contractions have equal sums in every tile, loops counted from the outside. */
function keyOf({ loops, kernel, call }: Heart, all: readonly SymbolicLoop[]): string {
  const places = Object.fromEntries(loops.map((loop, k) => [`@${loop}`, batch(`@${k}`)]));
  const size = (s: Size): string => printSize(substituteSize(s, places));
  const view = ({ buffer, offset, bases, dims }: SymbolicView): string =>
    JSON.stringify([
      buffer,
      size(offset),
      bases.map(({ loop, stride }) => [loops.indexOf(loop), size(stride)]),
      dims.map((dim) => [size(dim.size), size(dim.stride)]),
    ]);
  const factor = ({ scalars, value }: Factor): unknown => [
    value,
    scalars.map((scalar) => {
      if (scalar.kind === "load") return [scalar.access, view(call.operands[scalar.operand] ?? raise("an operand is missing"))];
      if (scalar.kind === "window") return [scalar.axes, view(call.operands[scalar.operand] ?? raise("an operand is missing"))];
      if (scalar.kind !== "parameter") return scalarText(scalar);
      const { size: value, start } = call.parameters[scalar.parameter] ?? raise("a parameter is missing");
      return [scalar.dtype, size(value), start === null ? null : loops.indexOf(start)];
    }),
  ];
  const ranges = loops.map((loop) => [printSize(all[loop]?.extent ?? []), all[loop]?.block]);
  return JSON.stringify([ranges, call.extents.map(size), factor(kernel.left), factor(kernel.right)]);
}

/** Tile number t, counted in the order of the loops, lies at t blocks: i·⌈m/b⌉/a + j/b blocks of a·b elements. */
function slotOf(buffer: BufferId, { loops: [outer, inner], call }: Heart): SymbolicView {
  const [rows = one, columns = one] = call.extents;
  return {
    buffer,
    offset: [],
    bases: [
      { loop: outer, stride: batch(paddedExtent(inner)) },
      { loop: inner, stride: blockSize(outer) },
    ],
    dims: [
      { size: rows, stride: columns },
      { size: columns, stride: one },
    ],
  };
}

function raise(message: string): never {
  throw new Error(message);
}
