// The hardest negative of the batch in both directions. Faghri et al. 2018, VSE++, "max of hinges".

pipeline vse {
  batch n
  config width: int = 1024
  config margin: float = 0.2

  input image: f32[n, width]
  input text: f32[n, width]

  zi = l2_normalize(image)
  zt = l2_normalize(text)

  s[i, j] = dot(zi[i], zt[j])
  negative[i, j] = where(i == j, -inf, s[i, j])
  per_image[i] = relu(margin + max[j](negative[i, j]) - s[i, i])
  per_text[j] = relu(margin + max[i](negative[i, j]) - s[j, j])
  loss = mean[i](per_image[i]) + mean[j](per_text[j])
}
