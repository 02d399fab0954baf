import { existsSync } from "node:fs";
import { join } from "node:path";
import { normal } from "../../../compiler/kernel/philox.js";
import { writeAtomically } from "../../data/atomic-write.js";
import { hostArray, zeros } from "../../data/host-array.js";
import { writeSafetensors } from "../../data/safetensors.js";
import { siteOf } from "../../feed/random-site.js";
import { userError } from "../../user-error.js";
import { exitCodes } from "../exit-codes.js";
import { jsonDocument } from "../json.js";
import { cliMessages } from "../messages.js";
import { type CommonOptions, jsonFlag, type Register } from "../session.js";

const PROGRAM = "two-towers.sig";
const DATA = "pairs.safetensors";

/** Small enough for any engine, with something to learn: the loss falls within a second. */
const program = `// Two linear towers and the sigmoid loss: Zhai et al. 2023, Algorithm 1
import { linear } from "std/layers.sig"

pipeline two_towers {
  batch n
  config width: int = 16

  input image : f32[n, 48]
  input text  : f32[n, 32]

  encoder img = linear(48, width)
  encoder txt = linear(32, width)

  param t_prime : f32 = log(10)
  param bias    : f32 = -10

  zi = l2_normalize(img(image))
  zt = l2_normalize(txt(text))

  logits[i, j] = exp(t_prime) * dot(zi[i], zt[j]) + bias
  label[i, j] = where(i == j, 1, -1)
  loss = -sum[i, j](log_sigmoid(label[i, j] * logits[i, j])) / n

  eval { task retrieval(image: zi, text: zt) }
  train {
    optimizer adamw(lr: 1e-2)
    schedule cosine(warmup: 5%)
    batch 64
    steps 200
  }
}
`;

const ROWS = 512;
const LATENT = 8;

/** Both sides of a pair are linear images of one hidden vector, and noise. */
function pairs(name: "image" | "text", width: number) {
  const draw = (what: string, index: number): number => normal({ seed: 0, step: 0, site: siteOf(what) }, index);
  const array = zeros("f32", [ROWS, width]);
  for (let row = 0; row < ROWS; row++)
    for (let k = 0; k < width; k++) {
      let value = 0.1 * draw(`${name} noise`, row * width + k);
      for (let h = 0; h < LATENT; h++) value += draw("hidden", row * LATENT + h) * draw(`${name} view`, h * width + k);
      array.data[row * width + k] = value;
    }
  return hostArray("f32", array.shape, array.data);
}

export const registerInit: Register = (parent, { console, finish }) => {
  parent
    .command("init")
    .summary("write a small example that runs as it is")
    .argument("[folder]", "where to write it", ".")
    .option(...jsonFlag)
    .action((folder: string, options: CommonOptions) => {
      const files = [PROGRAM, DATA].map((name) => join(folder, name));
      const [programFile = "", dataFile = ""] = files;
      const taken = files.find((file) => existsSync(file));
      if (taken !== undefined) throw userError(cliMessages.exists, { file: taken }, 2);
      writeAtomically(programFile, (sink) => sink(new TextEncoder().encode(program)));
      writeSafetensors(
        dataFile,
        new Map([
          ["image", pairs("image", 48)],
          ["text", pairs("text", 32)],
        ]),
      );

      if (options.json) console.out(jsonDocument({ folder, files }));
      else {
        const columns = (flag: string): string => ["image", "text"].map((name) => `${flag} ${name}=${dataFile}#${name}`).join(" ");
        console.out(
          [
            `wrote ${files.join(" and ")}. Try:`,
            `  sigc check ${programFile}`,
            `  sigc plan ${programFile} --set n=1048576`,
            `  sigc run ${programFile} ${columns("--input")}`,
            `  sigc train ${programFile} ${columns("--data")} --out ${join(folder, "run")}`,
            "",
          ].join("\n"),
        );
      }
      finish(exitCodes.ok);
    });
};
