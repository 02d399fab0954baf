/** Block sizes from a budget: as large as the scratch that a target wants, smaller where `--memory` says so. */
import { type Graph, type Id, isTile, type Tile } from "../graph/graph.js";
import { type BatchId, evaluateSize } from "../graph/size.js";
import type { TileChoice } from "./plan.js";

/** What a choice of tiles costs. Bytes. */
export type Footprint = {
  readonly peakBytes: number;
  /** The most bytes alive at once in blocks: the scratch of the tiles. */
  readonly blockBytes: number;
};

/** What blocks are multiples of where a target does not say: engines work in vectors and panels of such sizes. */
const BLOCK_UNIT = 32;

export type Measure = (tiles: readonly TileChoice[]) => Footprint;

/** Falling. A block is the multiple of the engine's unit at or below one of these. */
const LEVELS = [8192, 6144, 4096, 3072, 2048, 1536, 1024, 768, 512, 384, 256, 192, 160, 128, 96, 64, 32, 16, 8, 4, 2, 1] as const;
const SMALLEST = LEVELS.length - 1;
/** Without a budget no block is cut smaller than this, whatever the scratch. */
const SMALLEST_UNASKED = LEVELS.indexOf(32);

/** `tied`: tiles that take blocks of one size. */
export function chooseTiles(
  graph: Graph,
  dims: Readonly<Record<BatchId, number>>,
  tied: readonly (readonly Id[])[],
  scratchBytes: number,
  budgetBytes: number | null,
  measure: Measure,
  unit: number = BLOCK_UNIT,
): readonly TileChoice[] {
  const tiles = graph.nodes.filter(isTile);
  const groups = groupTied(tiles, tied);
  const at = (levels: readonly number[]): readonly TileChoice[] =>
    tiles.map((tile) => {
      const size = LEVELS[levels[groups.findIndex((group) => group.has(tile.id))] ?? SMALLEST] ?? 1;
      return choiceAt(tile, dims, size < unit ? size : size - (size % unit), unit);
    });
  // One group at a time, the others as small as they get: what is alive in blocks is then its own.
  let levels = groups.map((_, k) => {
    const fits = (level: number): boolean =>
      measure(at(groups.map((_g, other) => (other === k ? level : SMALLEST)))).blockBytes <= scratchBytes;
    return Math.min(firstLevel(fits), SMALLEST_UNASKED);
  });
  if (budgetBytes === null) return at(levels);
  while (measure(at(levels)).peakBytes > budgetBytes && levels.some((level) => level < SMALLEST))
    levels = [...smaller(levels, (l) => measure(at(l)).peakBytes)];
  return at(levels);
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

/** The coarsest level that fits, the finest where none does; costs fall with the level. */
function firstLevel(fits: (level: number) => boolean): number {
  let [low, high] = [0, SMALLEST];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** One level down where that helps most; all of them where none helps alone. */
function smaller(levels: readonly number[], peakOf: (levels: readonly number[]) => number): readonly number[] {
  const before = peakOf(levels);
  const down = (k: number): readonly number[] => levels.map((level, other) => (other === k ? Math.min(level + 1, SMALLEST) : level));
  const tried = levels.map((_, k) => ({ levels: down(k), peak: peakOf(down(k)) })).sort((a, b) => a.peak - b.peak);
  const [best] = tried;
  return best !== undefined && best.peak < before ? best.levels : levels.map((level) => Math.min(level + 1, SMALLEST));
}

function choiceAt(tile: Tile, dims: Readonly<Record<BatchId, number>>, size: number, unit: number): TileChoice {
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
