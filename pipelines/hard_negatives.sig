// Only the k hardest negatives of each image count, at half weight. Positives by id; n images, m captions.
// The choice has no gradient; ties go to the lower column.

pipeline hard_negatives {
  batch n, m
  config width: int = 768
  config k: int = 64

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
  w[i, j] = where(pos[i, j], 1, where(hard[i, j], 0.5, 0))
  loss = sum[i, j](w[i, j] * softplus(where(pos[i, j], -1, 1) * logits[i, j])) / maximum(
    sum[i, j](where(pos[i, j], 1, 0)),
    1
  )
}
