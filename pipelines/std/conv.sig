// Convolutional image towers. Pictures are [..., rows, columns, channels].
import { layer_norm, linear, mlp } from "std/layers.sig"

// A convolution with a bias: windows of kernel by kernel, every stride-th. padding: "same" keeps ceil(rows / stride) rows and
// columns, "valid" takes no zeros, a number that many on each side. groups: as many as channels make it depthwise. PyTorch's
// Conv2d is padding: 0 by default; its weight [out, in / groups, rows, columns] is ours with the first axis last and the second
// before it.
module conv(
  in: int,
  out: int,
  kernel: int = 3,
  stride: int = 1,
  padding = "same",
  groups: int = 1,
  init = lecun_normal()
)(x: f32[..., h, w, in]) -> f32[..., out] {
  param weight: f32[kernel, kernel, in / groups, out] ~ init
  param bias: f32[out] = 0
  return conv2d(x, weight, stride: stride, padding: padding, groups: groups) + bias
}

// Each channel times a number of its own, small at the start, so that deep towers begin near the identity (Touvron et al. 2021).
module layer_scale(width: int, start: float = 1e-6)(x: f32[..., width]) -> f32[..., width] {
  param scale: f32[width] = start
  return x * scale
}

// x + mlp(layer_norm(depthwise(x))), the ConvNeXt block (Liu et al. 2022, figure 4): each channel looks around by itself, then
// each place mixes its channels through hidden ones. scale: where the layer scale starts; 0 leaves it out.
module convnext_block(
  width: int,
  kernel: int = 7,
  hidden: int = 4 * width,
  activation: "gelu" | "gelu_tanh" = "gelu",
  scale: float = 1e-6,
  eps: float = 1e-6,
  init = truncated_normal(0.02)
)(x: f32[..., h, w, width]) -> f32[..., h, w, width] {
  layer depthwise = conv(width, width, kernel, groups: width, init: init)
  layer norm = layer_norm(width, eps)
  layer mlp = mlp(width, hidden, activation: activation, init: init)
  layer gamma = layer_scale(width, scale) when scale > 0
  y = mlp(norm(depthwise(x)))
  return x + (if scale > 0 then gamma(y) else y)
}

// Half as many rows and columns, more channels: a layer norm, then windows of 2 by 2 side by side (Liu et al. 2022, section 2.6).
module downsample(in: int, out: int, eps: float = 1e-6, init = truncated_normal(0.02))(
  x: f32[..., h, w, in]
) -> f32[..., out] {
  layer norm = layer_norm(in, eps)
  layer reduce = conv(in, out, 2, stride: 2, padding: "valid", init: init)
  return reduce(norm(x))
}

// A small ConvNeXt of three stages, of `first`, `second` and `third` blocks and channels, 2 * channels, 4 * channels: patches of
// patch by patch, then each stage at half the rows and columns of the one before; the mean over places, a layer norm and a map to
// `width` end it. The picture's sides are multiples of 4 * patch. ConvNeXt itself has four stages, patch: 4 for 224 by 224, and
// scale: 1e-6; towers of a few blocks train sooner with scale: 1 or 0.
module conv_tower(
  width: int,
  channels: int = 48,
  first: int = 2,
  second: int = 2,
  third: int = 2,
  patch: int = 2,
  kernel: int = 7,
  activation: "gelu" | "gelu_tanh" = "gelu_tanh",
  scale: float = 1e-6,
  eps: float = 1e-6,
  init = truncated_normal(0.02)
)(x: f32[n, h, w, c]) -> f32[n, width] {
  wide = 2 * channels
  wider = 4 * channels
  layer stem = conv(c, channels, patch, stride: patch, padding: "valid", init: init)
  layer norm = layer_norm(channels, eps)
  layer stage1 = repeat(
    first,
    convnext_block(channels, kernel, activation: activation, scale: scale, eps: eps, init: init)
  )
  layer down1 = downsample(channels, wide, eps, init)
  layer stage2 = repeat(
    second,
    convnext_block(wide, kernel, activation: activation, scale: scale, eps: eps, init: init)
  )
  layer down2 = downsample(wide, wider, eps, init)
  layer stage3 = repeat(
    third,
    convnext_block(wider, kernel, activation: activation, scale: scale, eps: eps, init: init)
  )
  layer last = layer_norm(wider, eps)
  layer head = linear(wider, width, init: init)
  y = stage3(down2(stage2(down1(stage1(norm(stem(x)))))))
  return head(last(mean(y, axis: (1, 2))))
}
