// Transformer encoders as SigLIP and CLIP build them: layer norm before each part (Vaswani et al. 2017; Xiong et al. 2020).
import { layer_norm, linear, mlp } from "std/layers.sig"

// How much each place asks of each other, head by head: q k' / sqrt(width of a head). `heads` divides the width.
module scores(heads: int)(q: f32[..., t, width], k: f32[..., s, width]) -> f32[..., heads, t, s] {
  qh = rearrange(q, "... t (h d) -> ... h t d", h: heads)
  kh = rearrange(k, "... s (h d) -> ... h d s", h: heads)
  return (qh @ kh) * sqrt(heads / width)
}

// softmax(scores) v, head by head. A score of -inf is not seen.
module weigh(heads: int)(seen: f32[..., heads, t, s], v: f32[..., s, width]) -> f32[..., t, width] {
  vh = rearrange(v, "... s (h d) -> ... h s d", h: heads)
  return rearrange(softmax(seen, axis: -1) @ vh, "... h t d -> ... t (h d)")
}

// softmax(q k' / sqrt(width of a head)) v. `causal`: a place sees itself and what is before it.
module attend(heads: int, causal: bool = false)(
  q: f32[..., t, width],
  k: f32[..., s, width],
  v: f32[..., s, width]
) -> f32[..., t, width] {
  layer ask = scores(heads)
  layer answer = weigh(heads)
  all = ask(q, k)
  seen = if causal then where(arange(s)[None, :] <= arange(t)[:, None], all, -inf) else all
  return answer(seen, v)
}

// Each place asks all places (SigLIP) or those up to itself (CLIP's text).
module attention(width: int, heads: int, causal = false)(x: f32[..., width]) -> f32[..., width] {
  layer q = linear(width, width, init: xavier_uniform())
  layer k = linear(width, width, init: xavier_uniform())
  layer v = linear(width, width, init: xavier_uniform())
  layer over = attend(heads, causal)
  layer out = linear(width, width, init: xavier_uniform())
  return out(over(q(x), k(x), v(x)))
}

// As `attention`, where only the places that `keep` names are seen. A row that keeps none has no answer: NaN.
module masked_attention(width: int, heads: int)(x: f32[..., s, width], keep: bool[..., s]) {
  layer q = linear(width, width, init: xavier_uniform())
  layer k = linear(width, width, init: xavier_uniform())
  layer v = linear(width, width, init: xavier_uniform())
  layer ask = scores(heads)
  layer answer = weigh(heads)
  layer out = linear(width, width, init: xavier_uniform())
  return out(answer(where(keep[..., None, None, :], ask(q(x), k(x)), -inf), v(x)))
}

// x + attention, then + mlp, each of its own layer norm. drop: the rate of dropout in training, where big_vision's Encoder1DBlock
// has it: on what attention gives, behind the mlp's activation and on what the mlp gives; not on the weights of attention.
module block(
  width: int,
  heads: int,
  hidden: int = 4 * width,
  causal: bool = false,
  activation: "gelu" | "gelu_tanh" | "gelu_quick" = "gelu_tanh",
  eps: float = 1e-6,
  drop: float = 0
)(x: f32[..., s, width]) -> f32[..., s, width] {
  layer ln1 = layer_norm(width, eps)
  layer attn = attention(width, heads, causal)
  layer ln2 = layer_norm(width, eps)
  layer mlp = mlp(width, hidden, activation: activation, init: xavier_uniform(), drop: drop)
  h = x + dropout(attn(ln1(x)), drop)
  return h + dropout(mlp(ln2(h)), drop)
}
