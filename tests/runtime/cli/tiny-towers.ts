/** Two linear towers with data in columns, and what they compute, written out here. */
import { hostArray, type HostArray } from "../../../runtime/data/host-array.js";
import { writeSafetensors } from "../../../runtime/data/safetensors.js";
import type { scratchFolder } from "./invoke.js";

const wave = (rows: number, columns: number, seed: number): HostArray<"f32"> =>
  hostArray(
    "f32",
    [rows, columns],
    Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(seed + i * i * 0.37)),
  );

export const towers = (tasks: string): string => `pipeline towers {
  batch n
  input x: f32[n, 6]
  input y: f32[n, 5]
  input x_id: i32[n]
  input y_id: i32[n]
  param a: f32[6, 4] ~ normal(0.5)
  param b: f32[5, 4] ~ normal(0.5)
  param bias: f32 = -3
  zx = l2_normalize(x @ a)
  zy = l2_normalize(y @ b)
  logits[i, j] = 10 * dot(zx[i], zy[j]) + bias
  loss = -sum[i, j](log_sigmoid(where(x_id[i] == y_id[j], 1, -1) * logits[i, j])) / n
  eval { ${tasks} }
  train {
    optimizer adamw(lr: 1e-2)
    ema 0.9
    batch 7
    steps 2
  }
}
`;

/** More texts than pictures, and ids that repeat. */
export const IMAGES = 23;
export const TEXTS = 31;
export const ids = (rows: number): Int32Array => Int32Array.from({ length: rows }, (_, i) => (i * 5) % 19);

export function tinyTowers(folder: ReturnType<typeof scratchFolder>) {
  const a = wave(6, 4, 1);
  const b = wave(5, 4, 2);
  const [x, y] = [wave(IMAGES, 6, 3), wave(TEXTS, 5, 4)];
  const data = folder.path("data.safetensors");
  writeSafetensors(
    data,
    new Map<string, HostArray>([
      ["x", x],
      ["y", y],
      ["short", wave(IMAGES, 5, 5)],
      ["x_id", hostArray("i32", [IMAGES], ids(IMAGES))],
      ["y_id", hostArray("i32", [TEXTS], ids(TEXTS))],
      ["x_id_of_texts", hostArray("i32", [TEXTS], ids(TEXTS))],
    ]),
  );
  const params = folder.path("params.safetensors");
  writeSafetensors(
    params,
    new Map<string, HostArray>([
      ["a", a],
      ["b", b],
      ["bias", hostArray("f32", [], Float32Array.of(-3))],
    ]),
  );
  const from = (name: string, key = name): readonly string[] => ["--data", `${name}=${data}#${key}`];
  return { data, params, from, images: embed(x, a), texts: embed(y, b) };
}

/** Rows of x·w, each of length 1. */
function embed({ data: x, shape: [rows = 0, inner = 0] }: HostArray, { data: w, shape: [, width = 0] }: HostArray): readonly number[][] {
  return Array.from({ length: rows }, (_, i) => {
    const row = Array.from({ length: width }, (__, k) => {
      let sum = 0;
      for (let c = 0; c < inner; c++) sum += (x[i * inner + c] ?? 0) * (w[c * width + k] ?? 0);
      return sum;
    });
    const length = Math.hypot(...row);
    return row.map((value) => value / length);
  });
}
