// Text towers: token ids in, one vector a text out.
import { bottleneck_embedding, embedding, layer_norm, linear, mlp, projection } from "std/layers.sig"
import { block } from "std/transformer.sig"

// A transformer over token ids with learned positions. As it stands it is SigLIP's: no mask, padding is read as any token, and
// the last place speaks for the text, through a linear head (Zhai et al. 2023; big_vision's text_transformer). CLIP's (Radford
// et al. 2021) is causal: true, pool: "end", end: the id of its end-of-text token, map: "projection",
// activation: "gelu_quick", eps: 1e-5. bottleneck: K > 0 looks ids up in a table of width K and maps it to `width` (mSigLIP).
// drop: the rate of dropout in training, in the blocks and on the embeddings with their positions.
module text_transformer(
  vocab: int,
  width: int,
  depth: int,
  heads: int,
  hidden: int = 4 * width,
  out: int = width,
  causal: bool = false,
  pool: "last" | "end" | "mean" = "last",
  end: int = 0,
  map: "linear" | "projection" | "none" = "linear",
  bottleneck: int = 0,
  activation: "gelu" | "gelu_tanh" | "gelu_quick" = "gelu_tanh",
  eps: float = 1e-6,
  drop: float = 0
)(ids: i32[n, s]) -> f32[n, out] {
  layer embed = if bottleneck > 0
    then bottleneck_embedding(vocab, bottleneck, width)
    else embedding(vocab, width, init: normal(1 / sqrt(width)))
  param pos: f32[s, width] ~ normal(1 / sqrt(width))
  layer blocks = repeat(depth, block(width, heads, hidden, causal, activation, eps, drop))
  layer norm = layer_norm(width, eps)
  layer head = if map == "projection" then projection(width, out) else linear(width, out)
  y = norm(blocks(dropout(embed(ids) + pos, drop)))
  // The first place that holds the end of the text; what comes behind it is padding.
  last = argmax(where(ids == end, 1, 0), axis: -1)
  at_end = sum(where((arange(s)[None, :] == last[:, None])[:, :, None], y, 0), axis: 1)
  pooled = if pool == "last" then y[:, -1] else if pool == "end" then at_end else mean(y, axis: 1)
  return if map == "none" then pooled else head(pooled)
}

// The mean of the tokens' embeddings, padding left out, then x + mlp(layer_norm(x)): no order, no attention. For short captions
// and little data it learns sooner than a transformer (Joulin et al. 2017 classify so). A text of padding alone is 0 before the mlp.
module bag_of_tokens(
  vocab: int,
  width: int,
  hidden: int = 2 * width,
  pad: int = 0,
  activation: "gelu" | "gelu_tanh" = "gelu_tanh",
  eps: float = 1e-6
)(ids: i32[n, s]) -> f32[n, width] {
  layer embed = embedding(vocab, width, init: normal(1 / sqrt(width)))
  layer norm = layer_norm(width, eps)
  layer mlp = mlp(width, hidden, activation: activation)
  seen = where(ids == pad, 0, 1)
  x = sum(embed(ids) * seen[:, :, None], axis: 1) / maximum(sum(seen, axis: 1), 1)[:, None]
  return x + mlp(norm(x))
}
