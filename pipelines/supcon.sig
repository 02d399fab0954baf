// Supervised contrastive loss, the mean outside of the logarithm. Khosla et al. 2020, equation 2.
// One modality: an example is compared with all others of the batch, its positives share its label.

pipeline supcon {
  batch n
  config width: int = 128
  config temperature: float = 0.1

  input embedding: f32[n, width]
  input label: i32[n]

  z = l2_normalize(embedding)

  logits[i, j] = dot(z[i], z[j]) / temperature
  lse[i] = logsumexp[j](where(i == j, -inf, logits[i, j]))
  pos[i, j] = label[i] == label[j] and i != j
  count[i] = sum[j](where(pos[i, j], 1, 0))

  // An example without a partner in the batch adds nothing.
  per_row[i] = sum[j](where(pos[i, j], lse[i] - logits[i, j], 0)) / maximum(count[i], 1)
  loss = mean[i](per_row[i])
}
