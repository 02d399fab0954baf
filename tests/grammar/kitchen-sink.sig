/* Everything the grammar can say,
   once. */
import { vit } from "std/vision.sig"
import { text_transformer, tokens, } from "std/text.sig"

pipeline siglip {
  batch n, m                                               // a run-time size
  config width: int = 256                               // --set width=384; model sizes are compile-time
  config pool: "map" | "gap" = "map"
  config rate: float = 1e-3; config on: bool = true

  input image  : f32[n, 32, 32, 3]                      // NHWC
  input tokens : i32[n, 16]
  input image_id : i32[n]
  input text_id  : i32[m]
  input scalar : f32

  encoder img = vit(width, depth: 6, heads: 4, patch: 4, pool: "map")
  encoder txt = text_transformer(vocab: 4096, width, depth: 4, heads: 4)

  param t_prime : f32 = log(10)
  param bias    : f32 = -10
  param free : f32[width]

  zi = l2_normalize(img(image))                         // f32[n, width]
  zt = l2_normalize(txt(tokens))

  logits[i, j] = exp(t_prime) * dot(zi[i], zt[j]) + bias
  label[i, j]  = where(i == j, 1, -1)
  loss = -sum[i, j](log_sigmoid(label[i, j] * logits[i, j])) / n

  per_image[i]  = logsumexp[j](logits[i, j]) - logits[i, i]
  per_text[j]   = logsumexp[i](logits[i, j]) - logits[j, j]
  clip = (mean[i](per_image[i]) + mean[j](per_text[j])) / 2

  pos[i, j]  = image_id[i] == text_id[j]
  hard[i, j] = in_top_k[j](where(pos[i, j], -inf, logits[i, j]), k: 64)       // bool, no gradient, ties to lower j
  w[i, j]    = where(pos[i, j], 1, where(hard[i, j], 0.5, 0))
  data = x[:, None] + x[1:3] * x[..., 0] - x[a:] @ zt.T % 3 ** -k ** 2
  input = not a and b or not (c == d)
  long = a
    + b
    * -c |
    d
  choice = if pool == "map" then 1 else if pool != "gap" then 2 else 3
  several = f(
    1, // one
    (0.6, 1), [a, b], (a,),
    x,
  )
  metric accuracy = mean[i](argmax[j](logits[i, j]) == i)
  output logits, zi
  output similarity = zi @ zt.T

  data  { image  = column("jpg") | decode | random_crop(32, scale: (0.6, 1)) | flip(0.5) | to_float(-1, 1)
          tokens = column("txt") | pick(random) | tokenize("c4_en.json", length: 16) }
  eval  { image  = column("jpg") | decode | resize(32) | to_float(-1, 1)      // overrides data.image only
          task retrieval(image: zi, text: zt) }
  train { optimizer adamw(lr: 1e-3, betas: (0.9, 0.95), decay: 1e-4, decay_mode: "independent")
          schedule  cosine(warmup: 5%)
          batch 64
          steps 1_000; seed 7
          for img.**        { lr: 0.1x, decay: 0 }
          for *.blocks.3.attn.*.weight, t_prime, bias {
            decay: 0
            freeze: true
          } }
}

module linear(in: int, out: int, init = lecun_normal())(x: f32[..., in]) -> f32[..., out] {
  param weight : f32[in, out] ~ init                    // ~ drawn at random, = constant
  param bias   : f32[out] = 0
  return x @ weight + bias
}
module twice(x: f32[..., d]) -> f32[..., d] { return 2 * x }
module vit(width: int, depth: int, heads: int, patch: int, pool: "map" | "gap" = "map")(x: f32[n, h, w, c]) -> f32[n, width] {
  layer embed  = linear(patch * patch * c, width)
  param pos    : f32[(h / patch) * (w / patch), width] ~ normal(1 / sqrt(width))
  layer blocks = repeat(depth, block(width, heads))     // paths: img.blocks.3.attn.q.weight
  layer norm   = layer_norm(width, eps: 1e-6)
  layer head   = map_head(width, heads) when pool == "map"
  y = norm(blocks(embed(rearrange(x, "b (h p) (w q) c -> b (h w) (p q c)", p: patch, q: patch)) + pos))
  return if pool == "map" then head(y) else mean(y, axis: 1)
}
