// Sigmoid loss over all pairs. Zhai et al. 2023, "Sigmoid Loss for Language Image Pre-Training", Algorithm 1.
// On embeddings of any encoder:
//   sigc run pipelines/siglip.sig --input image=IMAGE.npy --input text=TEXT.npy --grad --out step.safetensors
//   sigc run pipelines/siglip.sig --set n=1024 --synthetic 0

pipeline siglip {
  batch n
  config width: int = 768

  input image: f32[n, width]
  input text: f32[n, width]

  param t_prime: f32 = log(10)
  param bias: f32 = -10

  zi = l2_normalize(image)
  zt = l2_normalize(text)

  logits[i, j] = exp(t_prime) * dot(zi[i], zt[j]) + bias
  label[i, j] = where(i == j, 1, -1)
  loss = -sum[i, j](log_sigmoid(label[i, j] * logits[i, j])) / n
}
