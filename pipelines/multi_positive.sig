// Several captions per image: a pair is positive where image and caption have one id. n images, m captions.
// Divided by the number of positives, so that an image with five captions weighs five times.

pipeline multi_positive {
  batch n, m
  config width: int = 768

  input image: f32[n, width]
  input text: f32[m, width]
  input image_id: i32[n]
  input text_id: i32[m]

  param t_prime: f32 = log(10)
  param bias: f32 = -10

  zi = l2_normalize(image)
  zt = l2_normalize(text)

  logits[i, j] = exp(t_prime) * dot(zi[i], zt[j]) + bias
  pos[i, j] = image_id[i] == text_id[j]
  loss = sum[i, j](softplus(where(pos[i, j], -1, 1) * logits[i, j])) / maximum(
    sum[i, j](where(pos[i, j], 1, 0)),
    1
  )

  metric positives = sum[i, j](where(pos[i, j], 1, 0))
}
