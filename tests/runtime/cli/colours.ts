/** Pictures of one colour with its name, in a shard, and a program whose embeddings can be written out by hand. */
import sharp from "sharp";
import { hostArray } from "../../../runtime/data/host-array.js";
import { writeSafetensors } from "../../../runtime/data/safetensors.js";
import { type Member, tarOf, wordTokenizer } from "../../support/sample-files.js";
import type { scratchFolder } from "./invoke.js";

export const colourProgram = `pipeline colours {
  batch n
  input image: f32[n, 4, 4, 3]
  input tokens: i32[n, 3]
  input label: i32[n]
  param table: f32[6, 3] ~ normal(1)
  zi = l2_normalize(mean(mean(image, axis: 1), axis: 1))
  zt = l2_normalize(sum(take(table, tokens), axis: 1))
  loss = -mean[i](log_softmax(zi @ zt.T)[i, i])
  train {
    optimizer sgd(lr: 0.01)
    batch 3
    steps 1
  }
  data {
    image = column("png") | decode | resize(4) | to_float(0, 1)
    tokens = column("txt") | pick(first) | lower | tokenize("words.json", length: 3, pad: 0)
    label = column("cls") | to_int
  }
  eval {
    task retrieval(image: zi, text: zt)
    task zero_shot(image: zi, text: zt, label: label, classes: "classes.json", templates: "templates.json")
  }
}
`;

export const CLASSES = ["red", "green", "blue"] as const;
type Rgb = readonly [number, number, number];
export type Colour = { readonly key: string; readonly caption: string; readonly label: number; readonly rgb: Rgb };

/** The k-th of a class leans k steps towards the next. */
export const colours: readonly Colour[] = CLASSES.flatMap((name, label) =>
  [0, 1, 2].map((k): Colour => {
    const rgb: [number, number, number] = [0, 0, 0];
    rgb[label] = 240;
    rgb[(label + 1) % 3] = 40 * k;
    return { key: `${name}-${k}`, caption: k === 2 ? `A ${name}` : name, label, rgb };
  }),
);

export const pngOfColour = ([r, g, b]: Rgb): Promise<Uint8Array> =>
  sharp({ create: { width: 6, height: 6, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer();

/** Of length 1. */
export const unit = (vector: readonly number[]): readonly number[] => vector.map((x) => x / Math.hypot(...vector));
/** A class's name is one axis; "a" is no direction. */
export const wordVector = (caption: string): readonly number[] => CLASSES.map((name) => (caption.toLowerCase().includes(name) ? 1 : 0));

export async function colourFiles(folder: ReturnType<typeof scratchFolder>) {
  const program = folder.write("colours.sig", colourProgram);
  folder.write("words.json", wordTokenizer(["red", "green", "blue", "a", "photo"]));
  folder.write("classes.json", JSON.stringify(CLASSES));
  folder.write("templates.json", JSON.stringify(["{}", "a {}", "photo {}"]));
  const members = async (list: readonly Colour[]): Promise<readonly Member[]> =>
    (
      await Promise.all(
        list.map(async ({ key, caption, label, rgb }): Promise<readonly Member[]> => {
          return [
            [`${key}.png`, await pngOfColour(rgb)],
            [`${key}.txt`, caption],
            [`${key}.cls`, String(label)],
          ];
        }),
      )
    ).flat();
  const shard = folder.write("shard.tar", await tarOf(await members(colours)));
  const whole = await members(colours.slice(0, 4));
  const holed = folder.write(
    "holed.tar",
    await tarOf(whole.map(([name, content]): Member => (name === "red-1.png" ? [name, "no picture"] : [name, content]))),
  );
  const params = folder.path("words.safetensors");
  const table = [[0, 0, 0], ...CLASSES.map(wordVector), [0, 0, 0], [0, 0, 0]];
  writeSafetensors(params, new Map([["table", hostArray("f32", [6, 3], Float32Array.from(table.flat()))]]));
  return { program, shard, holed, params };
}
