/** Two linear towers that train on columns, for tests of training itself. */
import { type HostArray, hostArray } from "../../runtime/data/host-array.js";
import { writeSafetensors } from "../../runtime/data/safetensors.js";

/** `more`: what stands before the train block. */
export const trainedTowers = (settings: readonly string[], more: readonly string[] = []): string => `pipeline towers {
  batch n
  input x: f32[n, 6]
  input y: f32[n, 5]
  param a: f32[6, 4] ~ normal(0.5)
  param b: f32[5, 4] ~ normal(0.5)
  param t_prime: f32 = log(10)
  param bias: f32 = -3
  zx = l2_normalize(x @ a)
  zy = l2_normalize(y @ b)
  logits[i, j] = exp(t_prime) * dot(zx[i], zy[j]) + bias
  loss = -sum[i, j](log_sigmoid(where(i == j, 1, -1) * logits[i, j])) / n
${more.map((line) => `  ${line}\n`).join("")}  train {
${settings.map((line) => `    ${line}\n`).join("")}  }
}
`;

/** 23 rows: in batches of 7 an epoch leaves a rest, which is dropped. */
const column = (width: number, shift: number): HostArray<"f32"> =>
  hostArray(
    "f32",
    [23, width],
    Float32Array.from({ length: 23 * width }, (_, i) => Math.sin(shift + i * i * 0.37)),
  );
export const columnX = (): HostArray<"f32"> => column(6, 0);

export function writeColumns(file: string, x = columnX()): void {
  writeSafetensors(
    file,
    new Map([
      ["x", x],
      ["y", column(5, 1)],
    ]),
  );
}
