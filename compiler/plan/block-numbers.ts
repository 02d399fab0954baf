/** The numbers that a choice of blocks puts into the sizes of a schedule. */
import { type BatchId, evaluateSize, sameSize, type Size } from "../graph/size.js";
import type { Shape } from "../graph/type.js";
import { loopOf, type SymbolicView } from "../kernel/call.js";
import type { Extent, LoopId, TileChoice, View } from "./plan.js";
import { type Keep, keptCount, paddedExtent, type Schedule } from "./symbolic-plan.js";

export type Range = TileChoice["loops"][number];

export class BlockNumbers {
  readonly dims: Readonly<Record<BatchId, number>>;
  /** By loop. */
  readonly ranges: readonly Range[];
  /** By keep: how many tiles there are, and how many of them stay. */
  readonly totals: readonly number[];
  readonly kept: readonly number[];
  readonly blocks: Readonly<Record<BatchId, number>>;
  readonly #whole: Readonly<Record<BatchId, number>>;
  readonly #counts = new Map<Shape, number>();

  /** `counts`: how many tiles of each of the schedule's keeps stay; as many as there are where it asks for more, none where left out. */
  constructor(schedule: Schedule, dims: Readonly<Record<BatchId, number>>, choices: readonly TileChoice[], counts: readonly number[] = []) {
    const blocks: Record<BatchId, number> = {};
    this.dims = dims;
    this.ranges = schedule.loops.map(({ tile, index }, loop) => {
      const range = choices.find((choice) => choice.tile === tile)?.loops[index];
      if (range === undefined) throw new Error(`no block is chosen for loop ${index} of tile %${tile}`);
      blocks[`@${loop}`] = range.block;
      blocks[paddedExtent(loop)] = turnsOf(range) * range.block;
      return range;
    });
    this.totals = schedule.keeps.map(({ loops }) => loops.reduce((product, loop) => product * turnsOf(this.range(loop)), 1));
    this.kept = schedule.keeps.map((keep, k) => (haveEqualBlocks(keep, choices) ? Math.min(counts[k] ?? 0, this.totals[k] ?? 0) : 0));
    for (const [keep, count] of this.kept.entries()) blocks[keptCount(keep)] = count;
    this.blocks = blocks;
    this.#whole = { ...dims, ...blocks };
  }

  range(loop: number): Range {
    const range = this.ranges[loop];
    if (range === undefined) throw new Error(`the schedule has no loop ${loop}`);
    return range;
  }

  /** A block counts whole: for strides and for memory. */
  full(size: Size): number {
    return exact(evaluateSize(size, this.#whole));
  }

  /** Of the elements of a whole buffer. Schedules name equal shapes by one object. */
  count(shape: Shape): number {
    const known = this.#counts.get(shape) ?? exact(shape.reduce((count, size) => count * this.full(size), 1));
    this.#counts.set(shape, known);
    return known;
  }

  /** Where no loop takes part. */
  fixed(size: Size): number {
    return exact(evaluateSize(size, this.dims));
  }

  extent(size: Size): Extent {
    for (const { pow } of size) for (const id in pow) if (loopOf(id) !== null) return this.#byBlocks(size);
    return this.full(size);
  }

  #byBlocks(size: Size): Extent {
    return size.map(({ coef, pow }) => {
      const loops: LoopId[] = [];
      let value = coef;
      for (const id in pow) {
        const loop = loopOf(id);
        for (let power = pow[id] ?? 0; power > 0; power--)
          if (loop === null) value *= this.dims[id] ?? 0;
          else loops.push(loop);
      }
      return { coef: value, loops };
    });
  }

  /** Whether two sizes come to the same, in whole blocks and in the last ones. */
  agree(a: Size, b: Size): boolean {
    return sameSize(a, b) || (this.full(a) === this.full(b) && JSON.stringify(this.extent(a)) === JSON.stringify(this.extent(b)));
  }

  window({ offset, bases, dims }: SymbolicView): Omit<View, "buffer"> {
    return {
      offset: this.fixed(offset),
      bases: bases.map(({ loop, stride }) => ({ loop, stride: this.full(stride) })),
      dims: dims.map(({ size, stride }) => ({ extent: this.extent(size), stride: this.full(stride) })),
    };
  }
}

const turnsOf = ({ extent, block }: Range): number => Math.ceil(extent / block);

/** A tile that is kept must be the later sweep's tile too. */
function haveEqualBlocks(keep: Keep, choices: readonly TileChoice[]): boolean {
  const blocks = keep.tiles.map((tile) =>
    choices
      .find((choice) => choice.tile === tile)
      ?.loops.map(({ block }) => block)
      .join(),
  );
  return new Set(blocks).size === 1;
}

/** Past 2^53 offsets would be wrong without a word. */
export function exact(value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} elements or bytes cannot be counted exactly`);
  return value;
}
