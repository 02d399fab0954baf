/** Block sizes from a budget: as large as the scratch that a target wants, smaller where `--memory` says so. */
import { type Graph, type Id, isTile, type Tile } from "../graph/graph.js";
import { type BatchId, evaluateSize } from "../graph/size.js";
import { firstThat } from "./first-that.js";
import type { TileChoice } from "./plan.js";
import { coarsestWithin, type Levels } from "./search-levels.js";

/** What a choice of tiles costs. Bytes. */
export type Footprints = {
  /** The most bytes alive at once in blocks: the scratch of the tiles. */
  blockBytes(tiles: readonly TileChoice[]): number;
  /** Never more than the peak, and sooner known. */
  leastBytes(tiles: readonly TileChoice[]): number;
  peakBytes(tiles: readonly TileChoice[]): number;
};

/** What blocks are multiples of where a target does not say: engines work in vectors and panels of such sizes. */
const BLOCK_UNIT = 32;

/** Falling. A block is the multiple of the engine's unit at or below one of these. */
const LEVELS = [
  8192, 6144, 4096, 3072, 2048, 1536, 1024, 768, 512, 384, 256, 192, 160, 128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1,
] as const;
const SMALLEST = LEVELS.length - 1;
/** Without a budget no block is cut smaller than this, whatever the scratch. */
const SMALLEST_UNASKED = LEVELS.indexOf(32);

type Dims = Readonly<Record<BatchId, number>>;

/** Blocks of one row: with less than these have alive at once nothing fits. */
export const smallestTiles = (graph: Graph, dims: Dims, unit: number = BLOCK_UNIT): readonly TileChoice[] =>
  graph.nodes.filter(isTile).map((tile) => choiceAt(tile, dims, LEVELS[SMALLEST] ?? 1, unit));

/** `tied`: tiles that take blocks of one size. */
export function chooseTiles(
  graph: Graph,
  dims: Dims,
  tied: readonly (readonly Id[])[],
  scratchBytes: number,
  budgetBytes: number | null,
  footprints: Footprints,
  unit: number = BLOCK_UNIT,
): readonly TileChoice[] {
  const tiles = graph.nodes.filter(isTile);
  const groups = groupTied(tiles, tied);
  const at = (levels: Levels): readonly TileChoice[] =>
    tiles.map((tile) => {
      const size = LEVELS[levels[groups.findIndex((group) => group.has(tile.id))] ?? SMALLEST] ?? 1;
      return choiceAt(tile, dims, size < unit ? size : size - (size % unit), unit);
    });
  const measured = (of: (tiles: readonly TileChoice[]) => number) =>
    remembered(
      (levels) => of(at(levels)),
      (levels) => blocksOf(at(levels)),
    );
  const blockBytes = measured((choices) => footprints.blockBytes(choices));
  // One group at a time, the others as small as they get: what is alive in blocks is then its own.
  const smallest = groups.map(() => SMALLEST);
  const levels = groups.map((_, k) => {
    const fits = (level: number): boolean => blockBytes(smallest.with(k, level)) <= scratchBytes;
    return Math.min(firstThat(fits, 0, SMALLEST), SMALLEST_UNASKED);
  });
  if (budgetBytes === null) return at(levels);
  return at(
    coarsestWithin(budgetBytes, levels, SMALLEST, {
      leastBytes: measured((choices) => footprints.leastBytes(choices)),
      peakBytes: measured((choices) => footprints.peakBytes(choices)),
    }),
  );
}

const blocksOf = (tiles: readonly TileChoice[]): string => tiles.flatMap(({ loops }) => loops.map(({ block }) => block)).join();

/** Levels beyond an axis' length come to the same blocks. */
function remembered(measure: (levels: Levels) => number, key: (levels: Levels) => string): (levels: Levels) => number {
  const known = new Map<string, number>();
  return (levels) => {
    const name = key(levels);
    const bytes = known.get(name) ?? measure(levels);
    known.set(name, bytes);
    return bytes;
  };
}

/** Tiles in groups of one block size: those that are tied, directly or through others, and the rest alone. */
function groupTied(tiles: readonly Tile[], tied: readonly (readonly Id[])[]): readonly ReadonlySet<Id>[] {
  return tied.reduce<readonly ReadonlySet<Id>[]>(
    (groups, ids) => {
      const met = groups.filter((group) => ids.some((id) => group.has(id)));
      return [...groups.filter((group) => !met.includes(group)), new Set(met.flatMap((group) => [...group]))];
    },
    tiles.map(({ id }) => new Set([id])),
  );
}

function choiceAt(tile: Tile, dims: Dims, size: number, unit: number): TileChoice {
  const loops = tile.loops.map(({ name, extent, block }) => {
    const whole = evaluateSize(extent, dims);
    return { name, extent: whole, block: block === "auto" ? evenBlock(whole, size, unit) : Math.max(1, Math.min(block, whole)) };
  });
  return { tile: tile.id, loops };
}

/** As many blocks as blocks of this size would be, but of nearly equal lengths: in units of 32, 520 by 512 becomes 288 + 232. */
function evenBlock(extent: number, size: number, unit: number): number {
  if (extent <= size) return Math.max(extent, 1);
  const count = Math.ceil(extent / size);
  const even = Math.ceil(extent / count);
  return Math.min(size, size % unit === 0 ? Math.ceil(even / unit) * unit : even);
}
