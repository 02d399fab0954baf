/** Who else can run the same step: small scripts in other frameworks, listed by the pipeline that they compute. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { didYouMean } from "../../grammar/did-you-mean.js";
import { packageRoot } from "../package-root.js";
import { userError } from "../user-error.js";
import { benchMessages } from "./messages.js";

/** `tuned`: the C library's allocator keeps what is freed, on huge pages, which spares peers that make big arrays their page faults. */
export type Heap = "default" | "tuned";

export type Peer = {
  readonly name: string;
  /** The Python module without which it cannot run. */
  readonly framework: string;
  readonly script: string;
  /** What the script is to do its own way. */
  readonly with: readonly string[];
  /** How many n×n arrays of f32 it holds at its peak. */
  readonly squares: number;
  readonly heap: Heap;
};

/** A whole step with all gradients, one with the update too, or what the program hands out. */
export type PeerWork = "results" | "gradients" | "step";

type Manifest = {
  readonly peers: Readonly<Record<string, Omit<Peer, "name" | "squares" | "heap">>>;
  /** By pipeline: what its peers compute, and peer → squares. */
  readonly programs: Readonly<Record<string, { readonly work: PeerWork; readonly squares: Readonly<Record<string, number>> }>>;
};

export const peerFolder = (): string => join(packageRoot(), "tests", "bench", "peers");

function readManifest(): Manifest {
  const file = join(peerFolder(), "manifest.json");
  // It comes with the sources, not with what is published of them.
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Manifest) : { peers: {}, programs: {} };
}

const words = {
  results: { computed: "what it hands out, without gradients", help: "leave out --grad and --step" },
  gradients: { computed: "its loss and all gradients", help: "add --grad" },
  step: { computed: "a whole step of training", help: "add --step" },
} as const satisfies { readonly [W in PeerWork]: { readonly computed: string; readonly help: string } };

const heaps: readonly Heap[] = ["default", "tuned"];

/**
 * The peers that `wanted` asks for, by framework, by their own name (each with both heaps), or as `torch-eager/tuned`. None
 * where no peer computes the pipeline. Throws a `UserError` for a name that no peer has, and where peers compute something else.
 */
export function peersOf(pipeline: string, wanted: readonly string[], work: PeerWork, manifest: Manifest = readManifest()): readonly Peer[] {
  const { peers, programs } = manifest;
  const names = Object.entries(peers).flatMap(([name, { framework }]) => [framework, name]);
  const known = new Set([...names, ...names.flatMap((name) => heaps.map((heap) => `${name}/${heap}`))]);
  const unknown = wanted.find((name) => !known.has(name));
  if (unknown !== undefined)
    throw userError(benchMessages.unknownPeer, { name: unknown, help: didYouMean(unknown, known) ?? [...new Set(names)].join(", ") }, 2);
  const program = programs[pipeline];
  if (program === undefined || wanted.length === 0) return [];
  if (program.work !== work) throw userError(benchMessages.peersDoOtherWork, { pipeline, ...words[program.work] }, 2);
  return Object.entries(program.squares).flatMap(([name, squares]) => {
    const peer = peers[name];
    if (peer === undefined) throw new Error(`the manifest lists no peer ${name}`);
    const isWanted = (heap: Heap): boolean => [name, peer.framework].some((as) => wanted.includes(as) || wanted.includes(`${as}/${heap}`));
    return heaps.filter(isWanted).map((heap) => ({ name, ...peer, squares, heap }));
  });
}
