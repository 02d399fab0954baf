/** Retrieval both ways: recall@k, mean and median rank, and what guessing would reach. */
import type { Machine } from "./compiled.js";
import type { Embeddings } from "./embeddings.js";
import { wrongBefore } from "./ranks.js";

/** One way: the queries of one side against all of the other. */
export type Direction = {
  /** Queries that have a right answer: what follows is of these. */
  readonly queries: number;
  readonly candidates: number;
  /** Queries whose id no candidate bears. They are left out. */
  readonly unanswerable: number;
  /** Share of queries with a right answer among the first k, by k. */
  readonly at: Readonly<Record<number, number>>;
  /** What guessing would reach: k right places among the candidates, with as many right answers as there are. */
  readonly chance: Readonly<Record<number, number>>;
  /** Of the best right answer, from 1; a wrong answer with the same score goes before it. NaN without queries. */
  readonly meanRank: number;
  readonly medianRank: number;
};

export type Retrieval = { readonly imageToText: Direction; readonly textToImage: Direction };

export async function retrieval(images: Embeddings, texts: Embeddings, ks: readonly number[], machine: Machine): Promise<Retrieval> {
  const before = await wrongBefore(images, texts, machine);
  return {
    imageToText: summary(images.ids, texts.ids, before.texts, ks),
    textToImage: summary(texts.ids, images.ids, before.images, ks),
  };
}

/** `before`: per query, the wrong candidates ahead of its best right one. */
export function summary(queries: Int32Array, candidates: Int32Array, before: Int32Array, ks: readonly number[]): Direction {
  const bearers = new Map<number, number>();
  for (const id of candidates) bearers.set(id, (bearers.get(id) ?? 0) + 1);
  const ranks: number[] = [];
  const chance = new Map(ks.map((k) => [k, 0]));
  queries.forEach((id, query) => {
    const right = bearers.get(id) ?? 0;
    if (right === 0) return;
    ranks.push((before[query] ?? 0) + 1);
    for (const k of ks) chance.set(k, (chance.get(k) ?? 0) + chanceOfHit(candidates.length, right, k));
  });
  ranks.sort((a, b) => a - b);
  const asked = ranks.length;
  const share = (of: number): number => (asked === 0 ? 0 : of / asked);
  return {
    queries: asked,
    candidates: candidates.length,
    unanswerable: queries.length - asked,
    at: Object.fromEntries(ks.map((k) => [k, share(ranks.filter((rank) => rank <= k).length)])),
    chance: Object.fromEntries([...chance].map(([k, sum]) => [k, share(sum)])),
    meanRank: ranks.reduce((sum, rank) => sum + rank, 0) / asked,
    medianRank: ((ranks[(asked - 1) >> 1] ?? Number.NaN) + (ranks[asked >> 1] ?? Number.NaN)) / 2,
  };
}

/** 1 - P(no right answer among k drawn without replacement). */
function chanceOfHit(count: number, right: number, k: number): number {
  let miss = 1;
  for (let drawn = 0; drawn < Math.min(k, count); drawn++) miss *= Math.max(count - right - drawn, 0) / (count - drawn);
  return 1 - miss;
}
