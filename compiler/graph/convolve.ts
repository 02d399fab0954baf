/**
 * A convolution as windows and one contraction, and its two transposes. Windows are indexed, never stored.
 *
 *   W[…, i, p, j, q, c] = x[…, i * stride + p * dilation − low, j * stride + q * dilation − low, c]
 *   result = W · weight over p, q, c        dweight = W · d over …, i, j        dx = V · weight over p, q, d
 *
 * where V[…, h, p, w, q, d] are the results that each element of x went into.
 */
import type { GraphBuilder } from "./builder.js";
import { type Convolution, windowCount } from "./convolution.js";
import type { Id } from "./graph.js";
import type { AxisPairs, Windows } from "./op-table.js";
import { asNumber, constant } from "./size.js";
import type { Shape } from "./type.js";

export class Convolving {
  readonly #b: GraphBuilder;
  readonly #attrs: Convolution;
  readonly #x: Shape;
  readonly #weight: Shape;
  /** How many axes stand before the rows, the columns and the channels. */
  readonly #lead: number;

  constructor(b: GraphBuilder, x: Shape, weight: Shape, attrs: Convolution) {
    this.#b = b;
    this.#attrs = attrs;
    this.#x = x;
    this.#weight = weight;
    this.#lead = x.length - 3;
  }

  result(x: Id, weight: Id): Id {
    const [w, l] = [this.#windowsOf(x), this.#lead];
    if (this.#isDepthwise) return this.#weighted(w, weight);
    if (this.#attrs.groups === 1) return this.#b.dot(w, weight, this.#overPlaces(l + 4, 2));
    const groups = this.#b.dot(w, this.#grouped(weight), this.#overPlaces(l + 5, 2), [[l + 4, 3]]);
    return this.#joined(groups);
  }

  /** From the cotangent of the result. */
  ofX(weight: Id, d: Id): Id {
    const [b, l] = [this.#b, this.#lead];
    if (this.#tiles) {
      // Each element is in one window: d has its value as it stands.
      const parts = b.dot(d, weight, [[l + 2, 3]]);
      const [lead, rest] = [this.#leading, [l, l + 2, l + 1, l + 3, l + 4]];
      return b.reshape(b.transpose(parts, [...lead, ...rest]), this.#x);
    }
    const v = this.#cut(this.#inGroups(d), (axis) => this.#backwards(axis));
    if (this.#isDepthwise) return this.#weighted(v, weight);
    if (this.#attrs.groups === 1) return b.dot(v, weight, this.#overPlaces(l + 4, 3));
    return this.#joined(b.dot(v, this.#grouped(weight), this.#overPlaces(l + 5, 4), [[l + 4, 3]]));
  }

  ofWeight(x: Id, d: Id): Id {
    const [b, l] = [this.#b, this.#lead];
    const w = this.#windowsOf(x);
    const positions: AxisPairs = [...this.#leading.map((axis) => [axis, axis] as const), [l, l], [l + 2, l + 1]];
    if (this.#isDepthwise) {
      const spread = b.broadcast(d, b.shape(w), [...this.#leading, l, l + 2, l + 4]);
      return b.reshape(b.sum(b.mul(w, spread), [...this.#leading, l, l + 2]), this.#weight);
    }
    if (this.#attrs.groups === 1) return b.dot(w, d, positions);
    const groups = b.dot(w, this.#inGroups(d), positions, [[l + 4, l + 2]]);
    return b.reshape(b.transpose(groups, [1, 2, 3, 0, 4]), this.#weight);
  }

  // Windows --------------------------------------------------------------------------------------------------------------

  /** […, i, p, j, q, c], with the groups before the channels where there are several. */
  #windowsOf(x: Id): Id {
    const value = this.#inGroups(x);
    if (!this.#tiles) return this.#cut(value, (axis) => this.#forwards(axis));
    const [rows, columns] = [this.#kernel(0), this.#kernel(1)];
    const sizes = [this.#extent(0) / rows, rows, this.#extent(1) / columns, columns].map(constant);
    return this.#b.reshape(value, [...this.#x.slice(0, this.#lead), ...sizes, ...this.#b.shape(value).slice(this.#lead + 2)]);
  }
  #cut(x: Id, along: (axis: 0 | 1) => Omit<Windows, "axis">): Id {
    const rows = this.#b.emit("windows", [x], { axis: this.#lead, ...along(0) });
    return this.#b.emit("windows", [rows], { axis: this.#lead + 2, ...along(1) });
  }
  #forwards(axis: 0 | 1): Omit<Windows, "axis"> {
    const { stride, dilation, low } = this.#attrs;
    const count = this.#count(axis);
    return { count, size: this.#kernel(axis), stride: stride[axis], dilation: dilation[axis], start: -low[axis], over: 1 };
  }
  #backwards(axis: 0 | 1): Omit<Windows, "axis"> {
    const { stride, dilation, low } = this.#attrs;
    const count = this.#extent(axis);
    return { count, size: this.#kernel(axis), stride: 1, dilation: -dilation[axis], start: low[axis], over: stride[axis] };
  }
  /** Windows side by side that fill the picture: only another shape. */
  get #tiles(): boolean {
    const { stride, low, high, groups } = this.#attrs;
    const fits = (axis: 0 | 1): boolean =>
      stride[axis] === this.#kernel(axis) && low[axis] === 0 && high[axis] === 0 && this.#extent(axis) % stride[axis] === 0;
    return groups === 1 && fits(0) && fits(1) && this.#attrs.dilation.every((d, axis) => d === 1 || this.#kernel(axis as 0 | 1) === 1);
  }

  // Groups ---------------------------------------------------------------------------------------------------------------

  /** One channel in, one out. */
  get #isDepthwise(): boolean {
    const { groups } = this.#attrs;
    return groups > 1 && numberOf(this.#weight, 2) === 1 && numberOf(this.#weight, 3) === groups;
  }
  /** Too small for a contraction: products and a sum, the channels side by side. */
  #weighted(windows: Id, weight: Id): Id {
    const [b, l] = [this.#b, this.#lead];
    const flat = b.reshape(
      weight,
      [0, 1, 3].map((axis) => this.#weight[axis] ?? []),
    );
    return b.sum(b.mul(windows, b.broadcast(flat, b.shape(windows), [l + 1, l + 3, l + 4])), [l + 1, l + 3]);
  }
  #inGroups(x: Id): Id {
    const { groups } = this.#attrs;
    if (groups === 1 || this.#isDepthwise) return x;
    const shape = this.#b.shape(x);
    return this.#b.reshape(x, [...shape.slice(0, -1), constant(groups), constant(numberOf(shape, -1) / groups)]);
  }
  /** [p, q, c, group, d] */
  #grouped(weight: Id): Id {
    const { groups } = this.#attrs;
    return this.#b.reshape(weight, [...this.#weight.slice(0, 3), constant(groups), constant(numberOf(this.#weight, 3) / groups)]);
  }
  /** From [group, …, i, j, d] to […, i, j, group * d]. */
  #joined(parts: Id): Id {
    const shape = this.#b.shape(parts);
    const last = shape.length - 1;
    const order = [...shape.keys()].slice(1, last);
    const channels = constant(numberOf(shape, 0) * numberOf(shape, last));
    return this.#b.reshape(this.#b.transpose(parts, [...order, 0, last]), [...shape.slice(1, last), channels]);
  }

  // Axes -----------------------------------------------------------------------------------------------------------------

  get #leading(): readonly number[] {
    return Array.from({ length: this.#lead }, (_, axis) => axis);
  }
  /** Places in windows with those of the weight, and the channels that are added up. */
  #overPlaces(channels: number, ofWeight: number): AxisPairs {
    return [
      [this.#lead + 1, 0],
      [this.#lead + 3, 1],
      [channels, ofWeight],
    ];
  }
  #extent(axis: 0 | 1): number {
    return numberOf(this.#x, this.#lead + axis);
  }
  #kernel(axis: 0 | 1): number {
    return numberOf(this.#weight, axis);
  }
  #count(axis: 0 | 1): number {
    return windowCount(this.#extent(axis), this.#kernel(axis), axis, this.#attrs);
  }
}

function numberOf(shape: Shape, axis: number): number {
  const size = asNumber(shape.at(axis) ?? []);
  if (size === null) throw new Error("a convolution has an axis of unknown size");
  return size;
}
