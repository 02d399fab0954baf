// The recipe of SigLIP B/16 (Zhai et al. 2023, sections 4.2 and 4.7): 224 by 224, 16 tokens of a vocabulary of 32,000, batch
// 32,768, Adafactor. `sigc plan pipelines/siglip-b16.sig --train --set n=32768 --memory 24GiB` says what a step takes: 22.9 GiB,
// of which the pictures alone, given as f32, are 18.4, and slices of 32 and 16 rows. 21.5 GiB is the least.
import { text_transformer } from "std/text.sig"
import { vit } from "std/vision.sig"

pipeline siglip_b16 {
  batch n
  config width: int = 768
  config heads: int = 12
  config depth: int = 12
  config side: int = 224
  config patch: int = 16
  config vocab: int = 32_000
  config length: int = 16
  config tokenizer: string = "c4_en.json"

  input image: f32[n, side, side, 3]
  input tokens: i32[n, length]

  encoder img = vit(width, depth, heads, patch)
  encoder txt = text_transformer(vocab, width, depth, heads)

  param t_prime: f32 = log(10)
  param bias: f32 = -10

  zi = l2_normalize(img(image))
  zt = l2_normalize(txt(tokens))

  logits[i, j] = exp(t_prime) * dot(zi[i], zt[j]) + bias
  label[i, j] = where(i == j, 1, -1)
  loss = -sum[i, j](log_sigmoid(label[i, j] * logits[i, j])) / n

  data {
    image = column("jpg") | decode | resize(side) | to_float(-1, 1)
    tokens = column("txt") | lower | tokenize(tokenizer, length: length, end: "</s>", pad: 1)
  }
  eval {
    task retrieval(image: zi, text: zt)
  }
  train {
    optimizer adafactor(lr: 1e-3, beta2: 0.95, decay: 1e-4, decay_mode: "independent")
    schedule cosine(warmup: 5%)
    clip 1.0
    batch 32_768
    steps 275_000  // 9 billion examples
    for t_prime, bias { decay: 0 }
  }
}
