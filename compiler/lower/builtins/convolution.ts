/** `conv2d(x, weight, stride: 2, padding: "same")`: what is asked for, checked, as one op. */
import { sameAxis } from "../../check/broadcast.js";
import { Dimension } from "../../check/dimension.js";
import { messages } from "../../check/messages.js";
import { refuse } from "../../check/refusal.js";
import { describe, printTensor, type Tensor } from "../../check/value.js";
import { type Convolution, windowCount } from "../../graph/convolution.js";
import { constant } from "../../graph/size.js";
import type { Arguments } from "../arguments.js";
import type { Site } from "../elaboration.js";
import { numericTensors } from "../operand.js";
import { tensor } from "../tensor.js";
import { type Builtin, builtin } from "./builtin.js";

type Pair = readonly [number, number];

/** One number for rows and columns, or one for each. */
function pair(args: Arguments, name: string, least: number, otherwise: number): Pair {
  const operand = args.find(name);
  if (operand === null) return [otherwise, otherwise];
  const items = operand.value.kind === "list" ? operand.value.items : [operand, operand];
  const [rows, columns, ...more] = items.map(({ value, span }) => {
    if (value.kind !== "number") refuse(messages.notCompileTime, span, { what: `\`${name}\``, found: describe(value) });
    if (!Number.isInteger(value.value)) refuse(messages.notAWholeNumber, span, { what: `\`${name}\``, found: value.value });
    if (value.value < least || value.value > 2 ** 20)
      refuse(messages.outOfBounds, span, { what: `\`${name}\``, wanted: `from ${least} to ${2 ** 20}`, found: value.value });
    return value.value;
  });
  if (rows === undefined || columns === undefined || more.length > 0)
    refuse(messages.wrongKind, operand.span, {
      what: `\`${name}\``,
      wanted: "one number, or one for rows and one for columns",
      found: describe(operand.value),
    });
  return [rows, columns];
}

/** The zeros around a picture. `same`: as many results as strides fit into the picture, one zero more behind than before where it is odd. */
function zerosOf(args: Arguments, picture: Pair, kernel: Pair, stride: Pair, dilation: Pair): Pick<Convolution, "low" | "high"> {
  const operand = args.find("padding");
  if (operand?.value.kind !== "string") {
    const around = pair(args, "padding", 0, 0);
    return { low: around, high: around };
  }
  if (args.choice("padding", ["same", "valid"], "valid") === "valid") return { low: [0, 0], high: [0, 0] };
  const needed = (axis: 0 | 1): number =>
    Math.max(0, (Math.ceil(picture[axis] / stride[axis]) - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1 - picture[axis]);
  const [rows, columns] = [needed(0), needed(1)];
  return { low: [Math.floor(rows / 2), Math.floor(columns / 2)], high: [Math.ceil(rows / 2), Math.ceil(columns / 2)] };
}

/** The last axes of a tensor, each of a size that is known at compile time. */
function lastAxes(
  t: Tensor,
  count: number,
  wanted: string,
  args: Arguments,
  name: string,
): readonly { readonly dim: Dimension; readonly size: number }[] {
  const { span } = args.get(name);
  if (t.dims.length < count) refuse(messages.needsAxes, span, { what: "`conv2d`", wanted, found: printTensor(t) });
  return t.dims.slice(-count).map((dim) => {
    const size = dim.constant;
    if (size === null) refuse(messages.notCompileTime, span, { what: "The size of a picture and of a kernel", found: printTensor(t) });
    return { dim, size };
  });
}

function conv2d(site: Site, args: Arguments): Tensor {
  const { tensors, dtype } = numericTensors(site, "conv2d", [args.get("x"), args.get("weight")], true);
  const [x, weight] = tensors;
  if (x === undefined || weight === undefined) throw new Error("conv2d has two operands");
  const kernelForm = "a weight [rows, columns, channels / groups, results]";
  const [height, width, channels] = lastAxes(x, 3, "pictures [..., rows, columns, channels]", args, "x");
  const [rows, columns, own, made] = lastAxes(weight, 4, kernelForm, args, "weight");
  if (weight.dims.length !== 4 || weight.indices.length > 0)
    refuse(messages.needsAxes, args.get("weight").span, { what: "`conv2d`", wanted: kernelForm, found: printTensor(weight) });
  if (!height || !width || !channels || !rows || !columns || !own || !made) throw new Error("conv2d lacks an axis");

  const groups = args.whole("groups", 1);
  if (groups < 1 || channels.size % groups !== 0 || made.size % groups !== 0)
    refuse(messages.outOfBounds, args.find("groups")?.span ?? site.span, {
      what: "`groups`",
      wanted: `a divisor of ${channels.size} channels and of ${made.size} results`,
      found: groups,
    });
  const group = Dimension.of(constant(channels.size / groups), channels.dim.origin);
  sameAxis(group, own.dim, {
    what: groups === 1 ? "`conv2d` meets" : `\`conv2d\` in ${groups} groups meets`,
    span: site.span,
    left: printTensor(x),
    right: printTensor(weight),
  });

  const [picture, kernel]: readonly [Pair, Pair] = [
    [height.size, width.size],
    [rows.size, columns.size],
  ];
  const [stride, dilation] = [pair(args, "stride", 1, 1), pair(args, "dilation", 1, 1)];
  const attrs: Convolution = { stride, dilation, groups, ...zerosOf(args, picture, kernel, stride, dilation) };
  const counts = ([0, 1] as const).map((axis) => windowCount(picture[axis], kernel[axis], axis, attrs));
  if (counts.some((count) => count < 1))
    refuse(messages.kernelTooLarge, site.span, {
      kernel: kernel.map((size, axis) => (dilation[axis] ?? 1) * (size - 1) + 1).join(" by "),
      picture: picture.map((size, axis) => size + (attrs.low[axis] ?? 0) + (attrs.high[axis] ?? 0)).join(" by "),
    });
  const origin = { span: site.span, words: "this `conv2d`" };
  const places = counts.map((count) => Dimension.of(constant(count), origin));
  const dims = [...x.dims.slice(0, -3), ...places, made.dim];
  return tensor(site, { dtype, indices: x.indices, dims }, [x, weight], (b, ids) => b.emit("conv2d", ids, attrs));
}

export const convolutions: readonly Builtin[] = [builtin("conv2d", "x, weight, stride = 1, padding = 0, dilation = 1, groups = 1", conv2d)];
