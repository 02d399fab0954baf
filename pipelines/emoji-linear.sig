// Pictures and names of emoji, one linear map a side. Every name of a picture's concept is positive, whoever drew it.
// `npm run demo` prepares the data, trains this and tests it on an artist never seen.
import { embedding, linear } from "std/layers.sig"

pipeline emoji_linear {
  batch n, m  // pictures, captions
  config width: int = 128
  config vocab: int = 4096
  config length: int = 48

  input image: f32[n, 32, 32, 3]
  input image_concept: i32[n]
  input tokens: i32[m, length]
  input token_weight: f32[m, length]  // 1 / number of tokens, 0 at padding: the sum below is a mean
  input text_concept: i32[m]

  encoder img = linear(32 * 32 * 3, width)
  encoder words = embedding(vocab, width, init: normal(1 / sqrt(width)))
  encoder txt = linear(width, width)

  param t_prime: f32 = log(10)
  param bias: f32 = -10

  zi = l2_normalize(img(rearrange(image, "n h w c -> n (h w c)")))
  zt = l2_normalize(txt(sum(words(tokens) * token_weight[:, :, None], axis: 1)))

  logits[i, j] = exp(t_prime) * dot(zi[i], zt[j]) + bias
  label[i, j] = where(image_concept[i] == text_concept[j], 1, -1)
  loss = -sum[i, j](log_sigmoid(label[i, j] * logits[i, j])) / n
  output zi, zt

  eval {
    task retrieval(image: zi, text: zt, image_id: image_concept, text_id: text_concept)
  }
  train {
    optimizer adamw(lr: 3e-3, betas: (0.9, 0.95), decay: 0.1, decay_mode: "coupled")
    schedule cosine(warmup: 10%)
    clip 1.0
    batch 256
    steps 500
    seed 0
    for t_prime, bias { decay: 0 }
  }
}
