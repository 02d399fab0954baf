/** Random numbers on the host: no backend multiplies 32 bits by 32 to 64. */
import { uniformAt } from "../../../compiler/kernel/philox.js";
import type { Call } from "./rule.js";
import { commonShape, stretchTo } from "./stretch.js";
import type { Tensor } from "./tensorflow.js";

export function random({ tf, quirks, ins }: Pick<Call<"random">, "tf" | "quirks" | "ins">): Tensor {
  const shape = commonShape(ins);
  const [place, row, k, l] = ins.map((x) => stretchTo(tf, quirks, x, shape).dataSync<"int32">());
  if (place === undefined || row === undefined || k === undefined || l === undefined) throw new Error("random takes four operands");
  const drawn = Float32Array.from(place, (word, at) => uniformAt(word, row[at] ?? 0, k[at] ?? 0, l[at] ?? 0));
  return tf.tensor(drawn, shape, "float32");
}
