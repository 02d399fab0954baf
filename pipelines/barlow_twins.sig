// Redundancy reduction: the correlation of two views' features should be the identity. Zbontar et al. 2021, algorithm 1.
// The pairs here are columns: d is a run-time size, so the d × d correlation goes tile by tile as n × n does elsewhere.

pipeline barlow_twins {
  batch n, d
  config redundancy: float = 0.0051

  input a: f32[n, d]
  input b: f32[n, d]

  // Each feature standardised over the batch.
  mean_a[k] = mean[i](a[i, k])
  mean_b[k] = mean[i](b[i, k])
  std_a[k] = sqrt(mean[i]((a[i, k] - mean_a[k]) ** 2) + 1e-5)
  std_b[k] = sqrt(mean[i]((b[i, k] - mean_b[k]) ** 2) + 1e-5)
  za[i, k] = (a[i, k] - mean_a[k]) / std_a[k]
  zb[i, k] = (b[i, k] - mean_b[k]) / std_b[k]

  c[k, l] = sum[i](za[i, k] * zb[i, l]) / n
  loss = sum[k, l](where(k == l, (1 - c[k, l]) ** 2, redundancy * c[k, l] ** 2))
}
