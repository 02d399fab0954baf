/** What docs/benchmarks.md shows, in the order in which it is measured. */
import type { BenchDocument } from "../../runtime/cli/bench-document.js";

export type Entry = {
  /** Names the file of its result. */
  readonly id: string;
  /** Relative to the package. */
  readonly program: string;
  readonly set: Readonly<Record<string, number>>;
  /** Loss and all gradients where it is not given. */
  readonly work?: BenchDocument["work"];
  readonly memory?: string;
  readonly against: readonly string[];
  /** Of timing, for us and for each peer; long steps are timed twice at least. */
  readonly seconds: number;
  /** Only peers that came near the fastest of that entry: the slow ones would take most of an hour. */
  readonly peersNearIn?: string;
};

/** How many times the fastest peer's time still counts as near. */
export const NEAR = 1.4;

const siglip = "pipelines/siglip.sig";
const clip = "pipelines/clip.sig";
const topK = "tests/bench/programs/multi_positive_top_k.sig";
const trainStep = "tests/bench/programs/train_step.sig";
const imageTower = "tests/bench/programs/image_tower.sig";
const all = ["torch", "jax"];
const inference = ["torch", "onnxruntime"];

export const list: readonly Entry[] = [
  { id: "siglip-64", program: siglip, set: { n: 64, width: 64 }, against: [], seconds: 2 },
  { id: "siglip-1024", program: siglip, set: { n: 1024, width: 768 }, against: all, seconds: 3 },
  { id: "siglip-4096", program: siglip, set: { n: 4096, width: 768 }, against: all, seconds: 5 },
  { id: "siglip-16384", program: siglip, set: { n: 16384, width: 768 }, against: all, seconds: 10, peersNearIn: "siglip-4096" },
  { id: "siglip-32768", program: siglip, set: { n: 32768, width: 768 }, against: all, seconds: 20, peersNearIn: "siglip-16384" },
  // Room for all tiles of the first sweep: n² numbers, and what lives beside them.
  { id: "clip-4096", program: clip, set: { n: 4096, width: 768 }, memory: "256MiB", against: all, seconds: 5 },
  {
    id: "clip-16384",
    program: clip,
    set: { n: 16384, width: 768 },
    memory: "2GiB",
    against: all,
    seconds: 10,
    peersNearIn: "clip-4096",
  },
  // And room for none but a few: the second sweep computes its logits again.
  { id: "clip-4096-recomputing", program: clip, set: { n: 4096, width: 768 }, against: [], seconds: 5 },
  { id: "clip-16384-recomputing", program: clip, set: { n: 16384, width: 768 }, against: [], seconds: 15 },
  { id: "clip-32768", program: clip, set: { n: 32768, width: 768 }, against: all, seconds: 20, peersNearIn: "clip-16384" },
  { id: "multi_positive_top_k-4096", program: topK, set: { n: 4096, m: 4096, width: 768 }, against: [], seconds: 5 },
  { id: "multi_positive_top_k-16384", program: topK, set: { n: 16384, m: 16384, width: 768 }, against: [], seconds: 10 },
  { id: "train_step-256", program: trainStep, work: "step", set: { n: 256 }, against: all, seconds: 30 },
  { id: "train_step-1024", program: trainStep, work: "step", set: { n: 1024 }, against: all, seconds: 60, peersNearIn: "train_step-256" },
  { id: "image_tower-32", program: imageTower, work: "results", set: { n: 32 }, against: inference, seconds: 5 },
  { id: "image_tower-256", program: imageTower, work: "results", set: { n: 256 }, against: inference, seconds: 10 },
];
