/** All peers of a pipeline, one after the other, on the arrays that we ran on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostArray } from "../data/host-array.js";
import { writeNpy } from "../data/npy.js";
import type { Peer } from "./peer-list.js";
import { findPython } from "./python.js";
import { type PeerOutcome, type PeerTask, runPeer } from "./run-peer.js";

export async function timePeers(
  peers: readonly Peer[],
  inputs: ReadonlyMap<string, HostArray>,
  task: Omit<PeerTask, "folder">,
  tell: (text: string) => void,
): Promise<readonly (readonly [Peer, PeerOutcome])[]> {
  if (peers.length === 0) return [];
  const folder = mkdtempSync(join(tmpdir(), "sig-bench-"));
  try {
    for (const [name, array] of inputs) writeNpy(join(folder, `${name}.npy`), array);
    const python = findPython();
    const outcomes: [Peer, PeerOutcome][] = [];
    for (const [k, peer] of peers.entries()) {
      if (task.signal.aborted) break;
      tell(`${peer.name}, ${peer.heap} heap (${k + 1} of ${peers.length})`);
      outcomes.push([peer, await runPeer(peer, python, { ...task, folder })]);
    }
    return outcomes;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
