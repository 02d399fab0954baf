/** The measurements that are kept: one file per entry of the list, as `sigc bench --json` gave it. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { BenchDocument, PeerEntry } from "../../runtime/cli/bench-document.js";
import { writeAtomically } from "../../runtime/data/atomic-write.js";

export type TimedPeer = Extract<PeerEntry, { readonly medianMs: number }>;

const fileOf = (id: string): string => fileURLToPath(new URL(`../../docs/benchmarks/${id}.json`, import.meta.url));

/** Null where it was not measured. */
export const readResult = (id: string): BenchDocument | null =>
  existsSync(fileOf(id)) ? (JSON.parse(readFileSync(fileOf(id), "utf8")) as BenchDocument) : null;

export function writeResult(id: string, json: string): void {
  writeAtomically(fileOf(id), (sink) => sink(new TextEncoder().encode(json)));
}

/** Fastest first. */
export const timedPeers = ({ peers }: BenchDocument): readonly TimedPeer[] =>
  peers.filter((peer) => "medianMs" in peer).sort((a, b) => a.medianMs - b.medianMs);
