// One step of training both towers: 328.4 useful GFLOP at batch 256 (tests/bench/peers have the same step).
import { projection } from "std/layers.sig"
import { text_transformer } from "std/text.sig"
import { vit } from "std/vision.sig"

pipeline train_step {
  batch n
  config width: int = 192

  input image: f32[n, 32, 32, 3]
  input tokens: i32[n, 16]

  encoder img = vit(width, depth: 6, heads: 3, patch: 4, pool: "map")
  encoder img_head = projection(width, width)
  encoder txt = text_transformer(vocab: 4096, width, depth: 4, heads: 3, map: "projection")

  param t_prime: f32 = log(10)
  param bias: f32 = -10

  zi = l2_normalize(img_head(img(image)))
  zt = l2_normalize(txt(tokens))

  logits[i, j] = exp(t_prime) * dot(zi[i], zt[j]) + bias
  label[i, j] = where(i == j, 1, -1)
  loss = -sum[i, j](log_sigmoid(label[i, j] * logits[i, j])) / n

  train {
    optimizer adamw(lr: 1e-3, betas: (0.9, 0.95), decay: 1e-4, decay_mode: "independent")
    for t_prime, bias { decay: 0 }
  }
}
