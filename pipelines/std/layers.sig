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

// Widths in -> hidden -> out, with an activation between. "gelu" is the exact one, of erf (PyTorch's default); "gelu_tanh" is
// flax's default and SigLIP's, "gelu_quick" x * sigmoid(1.702 x), OpenAI CLIP's. drop: the rate of dropout behind the activation,
// in training only (big_vision's MlpBlock).
module mlp(
  in: int,
  hidden: int,
  out: int = in,
  activation: "gelu" | "gelu_tanh" | "gelu_quick" | "relu" | "silu" | "tanh" = "gelu",
  init = lecun_normal(),
  drop: float = 0
)(x: f32[..., in]) -> f32[..., out] {
  layer up = linear(in, hidden, init)
  layer down = linear(hidden, out, init)
  h = up(x)
  curve = if activation == "gelu_tanh" then "tanh" else if activation == "gelu_quick" then "quick" else "none"
  a = if activation == "relu" then relu(h)
    else if activation == "silu" then silu(h)
    else if activation == "tanh" then tanh(h)
    else gelu(h, curve)
  return down(dropout(a, drop))
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

// As `embedding`, through a narrow table: vocab * narrow + narrow * width numbers instead of vocab * width (mSigLIP,
// Zhai et al. 2023, section 4.3).
module bottleneck_embedding(vocab: int, narrow: int, width: int, init = normal(0.02))(
  ids: i32[...]
) -> f32[..., width] {
  param table: f32[vocab, narrow] ~ init
  layer up = projection(narrow, width)
  return up(take(table, ids))
}
