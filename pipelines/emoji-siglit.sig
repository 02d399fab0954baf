// SigLiT on emoji: the image tower is done, its embeddings lie in a file, and a text tower learns to meet them (Zhai et al. 2022,
// 2023). First, with a trained emoji-siglip.sig:
//   sigc embed pipelines/emoji-siglip.sig --checkpoint runs/emoji-siglip --outputs zi --data ".data/emoji/train-{000..006}.tar" --out .data/emoji/frozen.safetensors
//   sigc train pipelines/emoji-siglit.sig --data ".data/emoji/train-{000..006}.tar"
import { text_transformer } from "std/text.sig"

pipeline emoji_siglit {
  batch n
  config width: int = 128
  config tokenizer: string = "../.data/emoji/tokenizer.json"
  config frozen: string = "../.data/emoji/frozen.safetensors#zi"

  input zi: f32[n, width]  // of length 1
  input tokens: i32[n, 16]
  input concept: i32[n]

  encoder txt = text_transformer(vocab: 4096, width, depth: 2, heads: 4, pool: "mean", map: "none")

  param t_prime: f32 = log(10)
  param bias: f32 = -10

  zt = l2_normalize(txt(tokens))

  logits[i, j] = exp(t_prime) * dot(zi[i], zt[j]) + bias
  label[i, j] = where(concept[i] == concept[j], 1, -1)
  loss = -sum[i, j](log_sigmoid(label[i, j] * logits[i, j])) / n

  data {
    zi = embeddings(frozen)
    tokens = column("txt") | tokenize(tokenizer, length: 16)
    concept = column("json.concept") | to_int
  }
  eval {
    task retrieval(image: zi, text: zt, image_id: concept, text_id: concept)
  }
  train {
    optimizer adamw(lr: 2e-3, betas: (0.9, 0.95), decay: 0.1, decay_mode: "coupled")
    schedule cosine(warmup: examples(20_000))
    clip 1.0
    batch 256
    steps 1_000
    seed 0
    for t_prime, bias { decay: 0 }
  }
}
