// Several captions per image, and of the rest only the k hardest of each row. A pair is positive where image and caption
// have one id; the choice of negatives has no gradient, and ties go to the lower column. n images, m captions.

pipeline multi_positive_top_k {
  batch n, m
  config width: int = 768
  config k: int = 32

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
  hard[i, j] = in_top_k[j](where(pos[i, j], -inf, logits[i, j]), k: k)
  counts[i, j] = pos[i, j] or hard[i, j]
  loss = sum[i, j](
    where(counts[i, j], softplus(where(pos[i, j], -1, 1) * logits[i, j]), 0)
  ) / maximum(sum[i, j](where(pos[i, j], 1, 0)), 1)
}
