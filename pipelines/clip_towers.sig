// CLIP with both of its towers: Radford et al. 2021. The sizes are those of openai/clip-vit-base-patch32; `sigc convert` takes its
// weights over (--from hf-clip). `end` is the id of the end-of-text token, where a text is read.
import { projection } from "std/layers.sig"
import { text_transformer } from "std/text.sig"
import { vit } from "std/vision.sig"

pipeline clip_towers {
  batch n
  config side: int = 224
  config patch: int = 32
  config vocab: int = 49_408
  config length: int = 77
  config end: int = 49_407
  config shared: int = 512
  config width: int = 768
  config depth: int = 12
  config heads: int = 12
  config hidden: int = 3072
  config text_width: int = 512
  config text_depth: int = 12
  config text_heads: int = 8
  config text_hidden: int = 2048

  input image: f32[n, side, side, 3]
  input tokens: i32[n, length]

  encoder img = vit(
    width,
    depth,
    heads,
    patch,
    hidden,
    pool: "cls",
    pre_norm: true,
    patch_bias: false,
    activation: "gelu_quick",
    eps: 1e-5
  )
  encoder img_head = projection(width, shared)
  encoder txt = text_transformer(
    vocab,
    text_width,
    text_depth,
    text_heads,
    text_hidden,
    out: shared,
    causal: true,
    pool: "end",
    end: end,
    map: "projection",
    activation: "gelu_quick",
    eps: 1e-5
  )

  param t_prime: f32 = log(1 / 0.07)

  image_features = img_head(img(image))
  text_features = txt(tokens)
  zi = l2_normalize(image_features)
  zt = l2_normalize(text_features)

  logits[i, j] = exp(t_prime) * dot(zi[i], zt[j])
  per_image[i] = logsumexp[j](logits[i, j]) - logits[i, i]
  per_text[j] = logsumexp[i](logits[i, j]) - logits[j, j]
  loss = (mean[i](per_image[i]) + mean[j](per_text[j])) / 2

  train {
    optimizer adamw(lr: 5e-4, betas: (0.9, 0.98), eps: 1e-6, decay: 0.2, decay_mode: "coupled")
    schedule cosine(warmup: 2000)
    for t_prime { decay: 0 }
  }
}
