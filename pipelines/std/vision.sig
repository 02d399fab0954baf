// Image towers.
import { layer_norm, linear, mlp, projection } from "std/layers.sig"
import { block } from "std/transformer.sig"

// Multihead attention pooling: one learned probe asks all places, then x + mlp (Zhai et al. 2022; big_vision's MAPHead).
module map_head(
  width: int,
  heads: int,
  hidden: int = 4 * width,
  activation: "gelu" | "gelu_tanh" | "gelu_quick" = "gelu_tanh",
  eps: float = 1e-6
)(x: f32[..., s, width]) -> f32[..., width] {
  param probe: f32[1, width] ~ xavier_uniform()
  layer q = linear(width, width, init: xavier_uniform())
  layer k = linear(width, width, init: xavier_uniform())
  layer v = linear(width, width, init: xavier_uniform())
  layer out = linear(width, width, init: xavier_uniform())
  layer norm = layer_norm(width, eps)
  layer mlp = mlp(width, hidden, activation: activation, init: xavier_uniform())
  // The probe's question is the same for every picture.
  qh = rearrange(q(probe), "t (h d) -> h t d", h: heads)
  kh = rearrange(k(x), "... s (h d) -> ... h d s", h: heads)
  vh = rearrange(v(x), "... s (h d) -> ... h s d", h: heads)
  seen = softmax((qh @ kh) * sqrt(heads / width), axis: -1) @ vh
  y = out(rearrange(seen, "... h 1 d -> ... (h d)"))
  return y + mlp(norm(y))
}

// A learned place before all others, which comes to speak for the picture (Dosovitskiy et al. 2021).
module class_token(width: int)(x: f32[n, s, width]) -> f32[n, s + 1, width] {
  param token: f32[width] ~ normal(1 / sqrt(width))
  return concat([zeros((n, 1, width)) + token, x], axis: 1)
}

// A vision transformer (Dosovitskiy et al. 2021) with learned positions; patches of patch by patch divide the picture. As it
// stands it is SigLIP's: attention pooling and the tanh form of gelu. pool: "gap" takes the mean over places. CLIP's (Radford et
// al. 2021) is pool: "cls", pre_norm: true, patch_bias: false, activation: "gelu_quick", eps: 1e-5; its projection into the
// shared space is the pipeline's.
//
// drop: the rate of dropout in training, in the blocks and on the patches with their positions, as big_vision's ViT. patch_drop: the
// share of a picture's patches that a training step leaves out (FLIP, Li et al. 2023), drawn anew for each picture and step; the
// blocks run on the others alone, at least one, and a step costs so much less. As in open_clip and timm, positions are added before
// and the class token stays. Evaluation sees all patches.
module vit(
  width: int,
  depth: int,
  heads: int,
  patch: int,
  hidden: int = 4 * width,
  pool: "map" | "gap" | "cls" = "map",
  pre_norm: bool = false,
  patch_bias: bool = true,
  activation: "gelu" | "gelu_tanh" | "gelu_quick" = "gelu_tanh",
  eps: float = 1e-6,
  drop: float = 0,
  patch_drop: float = 0
)(x: f32[n, h, w, c]) -> f32[n, width] {
  numbers = patch * patch * c
  tiles = (h / patch) * (w / patch)
  places = tiles + (if pool == "cls" then 1 else 0)
  layer embed = if patch_bias then linear(numbers, width) else projection(numbers, width)
  layer first = class_token(width) when pool == "cls"
  param pos: f32[places, width] ~ normal(1 / sqrt(width))
  layer pre = layer_norm(width, eps) when pre_norm
  layer blocks = repeat(
    depth,
    block(width, heads, hidden, activation: activation, eps: eps, drop: drop)
  )
  layer norm = layer_norm(width, eps)
  layer head = map_head(width, heads, hidden, activation, eps) when pool == "map"
  patches = embed(rearrange(x, "b (h p) (w q) c -> b (h w) (p q c)", p: patch, q: patch))
  placed = dropout((if pool == "cls" then first(patches) else patches) + pos, drop)
  count = maximum(1, floor(tiles * (1 - patch_drop)))
  kept = if patch_drop == 0 then placed
    else if pool == "cls"
    then concat(
      [placed[:, :1], keep_random(placed[:, 1:], axis: 1, count: count)],
      axis: 1
    )
    else keep_random(placed, axis: 1, count: count)
  y = blocks(if pre_norm then pre(kept) else kept)
  z = norm(y)
  return if pool == "map" then head(z) else if pool == "cls" then z[:, 0] else mean(z, axis: 1)
}

// A picture as one row of numbers: x @ weight + mlp(x). No notion of place at all; where pictures are small, centred and few it
// learns sooner than towers that have one.
module pixel_mlp(width: int, hidden: int, activation: "gelu" | "gelu_tanh" = "gelu_tanh")(
  x: f32[n, h, w, c]
) -> f32[n, width] {
  layer skip = projection(h * w * c, width)
  layer mlp = mlp(h * w * c, hidden, width, activation: activation)
  y = rearrange(x, "n h w c -> n (h w c)")
  return skip(y) + mlp(y)
}
