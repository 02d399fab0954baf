// SigLIP with both of its towers: Zhai et al. 2023. The sizes are those of google/siglip-base-patch16-224; `sigc convert` takes
// its weights over (--from hf-siglip). Text is 64 ids, padded; no place is masked.
import { text_transformer } from "std/text.sig"
import { vit } from "std/vision.sig"

pipeline siglip_towers {
  batch n
  config side: int = 224
  config patch: int = 16
  config vocab: int = 32_000
  config length: int = 64
  config heads: int = 12
  config width: int = 768
  config depth: int = 12
  config hidden: int = 3072
  config text_width: int = 768
  config text_depth: int = 12
  config text_hidden: int = 3072
  config activation: "gelu" | "gelu_tanh" = "gelu_tanh"

  input image: f32[n, side, side, 3]
  input tokens: i32[n, length]

  encoder img = vit(width, depth, heads, patch, hidden, activation: activation)
  encoder txt = text_transformer(
    vocab,
    text_width,
    text_depth,
    heads,
    text_hidden,
    out: width,
    activation: activation
  )

  param t_prime: f32 = log(10)
  param bias: f32 = -10

  image_features = img(image)
  text_features = txt(tokens)
  zi = l2_normalize(image_features)
  zt = l2_normalize(text_features)

  logits[i, j] = exp(t_prime) * dot(zi[i], zt[j]) + bias
  label[i, j] = where(i == j, 1, -1)
  loss = -sum[i, j](log_sigmoid(label[i, j] * logits[i, j])) / n

  train {
    optimizer adamw(lr: 1e-3, betas: (0.9, 0.95), decay: 1e-4, decay_mode: "independent")
    schedule cosine(warmup: 5%)
    for t_prime, bias { decay: 0 }
  }
}
