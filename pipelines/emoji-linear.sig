// Pictures and names of emoji, one linear map a side: the least that learns anything, in half a minute. `npm run demo` prepares the
// data; then: sigc train pipelines/emoji-linear.sig --data ".data/emoji/train-{000..006}.tar"
import { embedding, linear } from "std/layers.sig"

pipeline emoji_linear {
  batch n
  config width: int = 128
  config tokenizer: string = "../.data/emoji/tokenizer.json"

  input image: f32[n, 32, 32, 3]
  input tokens: i32[n, 16]
  input concept: i32[n]

  encoder img = linear(32 * 32 * 3, width)
  encoder words = embedding(4096, width, init: normal(1 / sqrt(width)))
  encoder txt = linear(width, width)

  param t_prime: f32 = log(10)
  param bias: f32 = -10

  seen = where(tokens == 0, 0, 1)
  caption = sum(words(tokens) * seen[:, :, None], axis: 1) / sum(seen, axis: 1)[:, None]
  zi = l2_normalize(img(rearrange(image, "n h w c -> n (h w c)")))
  zt = l2_normalize(txt(caption))

  logits[i, j] = exp(t_prime) * dot(zi[i], zt[j]) + bias
  label[i, j] = where(concept[i] == concept[j], 1, -1)
  loss = -sum[i, j](log_sigmoid(label[i, j] * logits[i, j])) / n

  data {
    image = column("png") | decode | resize(32) | to_float(-1, 1)
    tokens = column("txt") | tokenize(tokenizer, length: 16)
    concept = column("json.concept") | to_int
  }
  eval {
    task retrieval(image: zi, text: zt, image_id: concept, text_id: concept)
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
