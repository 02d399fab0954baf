// Softmax over rows and over columns. Radford et al. 2021, "Learning Transferable Visual Models From Natural Language
// Supervision", figure 3. The temperature starts at 1/0.07 and is not clamped.

pipeline clip {
  batch n
  config width: int = 512

  input image: f32[n, width]
  input text: f32[n, width]

  param t_prime: f32 = log(1 / 0.07)

  zi = l2_normalize(image)
  zt = l2_normalize(text)

  logits[i, j] = exp(t_prime) * dot(zi[i], zt[j])
  per_image[i] = logsumexp[j](logits[i, j]) - logits[i, i]
  per_text[j] = logsumexp[i](logits[i, j]) - logits[j, j]
  loss = (mean[i](per_image[i]) + mean[j](per_text[j])) / 2

  metric image_accuracy = mean[i](where(argmax[j](logits[i, j]) == i, 1, 0))
}
