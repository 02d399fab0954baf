// Emoji named in ten languages: English, German, Spanish, French, Italian, Japanese, Korean, Portuguese, Russian and Chinese, one
// of them drawn for each example. Token ids go through mSigLIP's bottleneck (Zhai et al. 2023, section 4.3): a table of
// `narrow` numbers a token, then one map to the width.
import { text_transformer } from "std/text.sig"
import { pixel_mlp } from "std/vision.sig"

pipeline emoji_multilingual {
  batch n
  config width: int = 128
  config narrow: int = 32
  config tokenizer: string = "../.data/emoji/tokenizer-ten.json"
  config named: string = "json.names.en"  // of the evaluation: --set named=json.names.ko

  input image: f32[n, 32, 32, 3]
  input tokens: i32[n, 24]
  input concept: i32[n]

  encoder img = pixel_mlp(width, hidden: 768)
  encoder txt = text_transformer(
    vocab: 8192,
    width,
    depth: 2,
    heads: 4,
    pool: "mean",
    map: "none",
    bottleneck: narrow
  )

  param t_prime: f32 = log(10)
  param bias: f32 = -10

  zi = l2_normalize(img(image))
  zt = l2_normalize(txt(tokens))

  logits[i, j] = exp(t_prime) * dot(zi[i], zt[j]) + bias
  label[i, j] = where(concept[i] == concept[j], 1, -1)
  loss = -sum[i, j](log_sigmoid(label[i, j] * logits[i, j])) / n

  data {
    image = column("png")
      | decode
      | resize(32)
      | affine(degrees: 9, shift: 6%, scale: (0.85, 1.12))
      | to_float(-1, 1)
    tokens = column("json.all_names") | pick(random) | tokenize(tokenizer, length: 24)
    concept = column("json.concept") | to_int
  }
  eval {
    image = column("png") | decode | resize(32) | to_float(-1, 1)
    tokens = column(named) | tokenize(tokenizer, length: 24)
    task retrieval(image: zi, text: zt, image_id: concept, text_id: concept)
  }
  train {
    optimizer adamw(lr: 2e-3, betas: (0.9, 0.95), decay: 0.1, decay_mode: "coupled")
    schedule cosine(warmup: 10%)
    clip 1.0
    batch 256
    steps 4_000
    seed 0
    for t_prime, bias { decay: 0 }
  }
}
