import { type Call, operand } from "./rule.js";
import { emptyValue, type Value } from "./value.js";

/** One axis read through windows, place by place. */
export function windows({ ins, attrs, shape }: Call<"windows">): Value {
  const x = operand(ins, 0);
  const { axis, count, size, stride, dilation, start, over } = attrs;
  const extent = x.shape[axis] ?? 0;
  const outer = x.shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const inner = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const result = emptyValue(shape);
  for (let o = 0; o < outer; o++)
    for (let window = 0; window < count; window++)
      for (let place = 0; place < size; place++) {
        const position = (window * stride + place * dilation + start) / over;
        if (!Number.isInteger(position) || position < 0 || position >= extent) continue;
        for (let i = 0; i < inner; i++)
          result.data[((o * count + window) * size + place) * inner + i] = x.data[(o * extent + position) * inner + i] ?? 0;
      }
  return result;
}

/** Pictures one after another, results in order, each its sum over rows, columns and channels of its window. */
export function conv2d({ ins, attrs, shape }: Call<"conv2d">): Value {
  const [x, weight] = [operand(ins, 0), operand(ins, 1)];
  const [height = 0, width = 0, channels = 0] = x.shape.slice(-3);
  const [rows = 0, columns = 0, made = 0] = shape.slice(-3);
  const [kernelRows = 0, kernelColumns = 0, own = 0] = weight.shape;
  const { stride, dilation, low, groups } = attrs;
  const result = emptyValue(shape);
  for (let at = 0; at < result.data.length; at++) {
    const channel = at % made;
    const [column, row] = [Math.floor(at / made) % columns, Math.floor(at / made / columns) % rows];
    const picture = Math.floor(at / made / columns / rows) * height * width * channels;
    const group = Math.floor(channel / (made / groups)) * own;
    let total = 0;
    for (let p = 0; p < kernelRows; p++)
      for (let q = 0; q < kernelColumns; q++) {
        const y = row * stride[0] + p * dilation[0] - low[0];
        const z = column * stride[1] + q * dilation[1] - low[1];
        if (y < 0 || y >= height || z < 0 || z >= width) continue;
        for (let c = 0; c < own; c++)
          total +=
            (x.data[picture + (y * width + z) * channels + group + c] ?? 0) *
            (weight.data[((p * kernelColumns + q) * own + c) * made + channel] ?? 0);
      }
    result.data[at] = total;
  }
  return result;
}
