// The layers that most towers are made of. Names of parameters are part of checkpoints: they stay as they are.

// x @ weight + bias, over the last axis.
module linear(in: int, out: int, init = lecun_normal())(x: f32[..., in]) -> f32[..., out] {
  param weight: f32[in, out] ~ init
  param bias: f32[out] = 0
  return x @ weight + bias
}

// A linear map without bias, such as a projection into the shared space.
module projection(in: int, out: int, init = lecun_normal())(x: f32[..., in]) -> f32[..., out] {
  param weight: f32[in, out] ~ init
  return x @ weight
}

// Widths in -> hidden -> out, with an activation between.
module mlp(
  in: int,
  hidden: int,
  out: int = in,
  activation: "gelu" | "relu" | "silu" | "tanh" = "gelu"
)(x: f32[..., in]) -> f32[..., out] {
  layer up = linear(in, hidden)
  layer down = linear(hidden, out)
  h = up(x)
  a = if activation == "gelu" then gelu(h)
    else if activation == "relu" then relu(h)
    else if activation == "silu" then silu(h)
    else tanh(h)
  return down(a)
}

// Each row to mean 0 and variance 1, then scaled and shifted (Ba et al. 2016).
module layer_norm(width: int, eps: float = 1e-6)(x: f32[..., width]) -> f32[..., width] {
  param scale: f32[width] = 1
  param shift: f32[width] = 0
  return standardize(x, eps: eps) * scale + shift
}

// A row of the table for each id.
module embedding(vocab: int, width: int, init = normal(0.02))(ids: i32[...]) -> f32[..., width] {
  param table: f32[vocab, width] ~ init
  return take(table, ids)
}
