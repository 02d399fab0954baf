import type { LayoutName } from "./layout.js";

/** What of a program is meant, whatever the program calls it. */
export type Part = "image" | "text" | "projection" | "scale" | "bias";

/** `*` is the number of a layer. `ours` begins with `{part}`; of several, one lies behind the other along the peer's first axis. */
export type Entry = { readonly peer: string; readonly layout: LayoutName; readonly ours: readonly string[] };

/** How another library names and lays out the parameters of a model with two towers. */
export type Format = {
  /** The parts that it has, and what programs usually call them. */
  readonly parts: Partial<Record<Part, string>>;
  readonly entries: readonly Entry[];
  /** Tensors that are no parameters: some versions save them, and loading makes them anew. */
  readonly buffers: readonly string[];
};

export const entry = (peer: string, layout: LayoutName, ...ours: readonly string[]): Entry => ({ peer, layout, ours });

/** A linear layer of torch. */
export const linear = (peer: string, ours: string): readonly Entry[] => [
  entry(`${peer}.weight`, "linear", `${ours}.weight`),
  entry(`${peer}.bias`, "same", `${ours}.bias`),
];

/** Several linear layers in one: torch's `in_proj_weight`, timm's `qkv.weight`. `joint`: the mark between the name and `weight`. */
export const stacked = (peer: string, joint: "." | "_", ...ours: readonly string[]): readonly Entry[] => [
  entry(`${peer}${joint}weight`, "linear", ...ours.map((name) => `${name}.weight`)),
  entry(`${peer}${joint}bias`, "same", ...ours.map((name) => `${name}.bias`)),
];

export const norm = (peer: string, ours: string): readonly Entry[] => [
  entry(`${peer}.weight`, "same", `${ours}.scale`),
  entry(`${peer}.bias`, "same", `${ours}.shift`),
];
