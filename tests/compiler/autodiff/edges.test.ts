/** Gradients where a slope does not exist or where arithmetic would make NaN of it: ties, kinks, masks, ±1e4, infinity. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/backward.js";
import { parseGraph } from "../../../compiler/graph/parse.js";
import { printGraph } from "../../../compiler/graph/print.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { valueOf } from "../../../runtime/engines/reference/value.js";

const INF = Number.POSITIVE_INFINITY;

/** The gradient of the sum of `%r` by x = f32[k] or f32[rows, k]. */
function gradient(body: string, x: readonly (readonly number[])[] | readonly number[]): readonly number[] {
  const rows = x.length;
  const flat = x.flat();
  const shape = flat.length === rows && !Array.isArray(x[0]) ? [rows] : [rows, flat.length / rows];
  const text = `%x = input "x" : f32[${shape.join(", ")}]\n${body}`;
  const parsed = parseGraph(`${text}\noutput "r" = %r`);
  const rank =
    /%r = .*\[(.*)\]\s*$/m
      .exec(printResult(parsed))?.[1]
      ?.split(",")
      .filter((s) => s !== "").length ?? 0;
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const graph = parseGraph(`${text}\n%loss = sum %r {axes = [${axes}]}\noutput "loss" = %loss`);
  const result = differentiate(graph, { of: "loss", wrt: ["x"] });
  if (result.graph === null) throw new Error(result.diagnostics[0]?.message);
  return Array.from(evaluateGraph(result.graph, new Map([["x", valueOf(shape, flat)]]), {}).get("grad.x")?.data ?? []);
}

/** The last node's line, named %r, to read the rank from. */
function printResult(graph: ReturnType<typeof parseGraph>): string {
  const id = graph.outputs[0]?.value;
  const line = printGraph(graph, { spans: false }).split("\n")[graph.nodes.findIndex((node) => node.id === id)] ?? "";
  return line.replace(/^%\d+/, "%r");
}

const constant = (name: string, value: string, shape: string): string =>
  `%${name}_ = const ${value} : f32[]\n%${name} = broadcast %${name}_ : f32[${shape}]`;

describe("ties give the whole cotangent to one element", () => {
  test("max along one axis: the lowest index, not a share for each", () => {
    expect(
      gradient("%r = max %x {axes = [1]}", [
        [1, 5, 5, 5],
        [2, 2, 0, 1],
      ]),
    ).toEqual([0, 1, 0, 0, 1, 0, 0, 0]);
  });
  test("max along two axes: the lowest in row-major order", () => {
    expect(
      gradient("%r = max %x {axes = [0, 1]}", [
        [0, 1],
        [7, 7],
        [7, 0],
      ]),
    ).toEqual([0, 0, 1, 0, 0, 0]);
    expect(
      gradient("%r = max %x {axes = [0, 1]}", [
        [0, 7],
        [7, 7],
      ]),
    ).toEqual([0, 1, 0, 0]);
  });
  test("min as well", () => {
    expect(
      gradient("%r = min %x {axes = [0, 1]}", [
        [3, 1],
        [1, 1],
      ]),
    ).toEqual([0, 1, 0, 0]);
  });
  test("topk: tied elements take slots in order", () => {
    expect(gradient("%t = topk %x {axis = 0, k = 2}\n%w = iota : i32[2]\n%f = cast %w : f32[2]\n%r = mul %t, %f", [4, 9, 9, 9])).toEqual([
      0, 0, 1, 0,
    ]);
  });
  test("maximum and minimum: the first operand", () => {
    expect(gradient("%two_ = const 2 : f32[]\n%two = broadcast %two_ : f32[1]\n%y = mul %x, %two\n%r = maximum %x, %y", [0])).toEqual([1]);
    expect(gradient("%two_ = const 2 : f32[]\n%two = broadcast %two_ : f32[1]\n%y = mul %x, %two\n%r = minimum %y, %x", [0])).toEqual([2]);
  });
});

describe("kinks and flat places", () => {
  test("abs at 0 is flat", () => expect(gradient("%r = abs %x", [0, -2, 3])).toEqual([0, -1, 1]));
  test("x^0 is flat at 0, where 0 · 0^−1 would be NaN", () => {
    expect(gradient(`${constant("z", "0", "3")}\n%r = pow %x, %z`, [0, 2, -1])).toEqual([0, 0, 0]);
  });
  test("0^y is flat in y, and a negative base has no slope in y", () => {
    const body =
      "%base = const -3 : f32[]\n%b = broadcast %base : f32[2]\n%p = pow %b, %x\n%zero = const 0 : f32[]\n%z = broadcast %zero : f32[2]\n%q = pow %z, %x\n%r = add %p, %q";
    expect(gradient(body, [2, 3])).toEqual([0, 0]);
  });
  test("stop_gradient stops it, on its own branch only", () => {
    expect(gradient("%s = stop_gradient %x\n%r = mul %x, %s", [3, -2])).toEqual([3, -2]);
  });
  test("a vector shorter than eps is divided by eps", () => {
    expect(gradient("%r = l2_normalize %x {axis = 0, eps = 0.5}", [0, 0])).toEqual([2, 2]);
  });
});

describe("masks make no NaN", () => {
  test("a fully masked row of logsumexp has gradient 0", () => {
    expect(
      gradient("%r = logsumexp %x {axes = [1]}", [
        [-INF, -INF],
        [0, 0],
      ]),
    ).toEqual([0, 0, 0.5, 0.5]);
  });
  test("an infinite gradient behind a mask stays behind it", () => {
    const body = `${constant("z", "0", "3")}\n%ok = gt %x, %z\n%l = log %x\n%r = select %ok, %l, %z`;
    expect(gradient(body, [0, 2, -1])).toEqual([0, 0.5, 0]);
  });
  test("x · log x behind a mask, where both factors' shares meet again", () => {
    const body = `${constant("z", "0", "3")}\n%ok = gt %x, %z\n%l = log %x\n%e = mul %x, %l\n%m = neg %e\n%r = select %ok, %m, %z`;
    expect(gradient(body, [0, 1, -1])).toEqual([0, -1, 0]);
  });
  test("an overflow behind two masks", () => {
    const body = `${constant("z", "0", "3")}\n${constant("one", "1", "3")}\n%e = exp %x\n%low = lt %x, %one\n%inner = select %low, %e, %z\n%ok = ge %x, %z\n%r = select %ok, %inner, %z`;
    expect(gradient(body, [0, 1e4, -1e4])).toEqual([1, 0, 0]);
  });
  test("softmax over masked elements", () => {
    const body = `${constant("inf", "-inf", "1, 3")}\n${constant("z", "0", "1, 3")}\n%ok = gt %x, %z\n%m = select %ok, %x, %inf\n%p = softmax %m {axis = 1}\n%r = mul %p, %p`;
    const result = gradient(body, [[1, 1, -1]]);
    expect(result.every(Number.isFinite)).toBe(true);
    expect(result[2]).toBe(0);
  });
});

describe("large logits", () => {
  const extremes = [-1e4, -100, 0, 100, 1e4];
  test.each(["softplus", "sigmoid", "log_sigmoid", "tanh", "erf", "gelu"])("%s is finite at ±1e4", (op) => {
    expect(gradient(`%r = ${op} %x${op === "gelu" ? " {approximate = tanh}" : ""}`, extremes).every(Number.isFinite)).toBe(true);
  });
  test("log_sigmoid keeps the small gradient of a confident positive", () => {
    expect(gradient("%r = log_sigmoid %x", [100])[0]).toBeCloseTo(Math.exp(-100), 60);
  });
  test("logsumexp over ±1e4", () => expect(gradient("%r = logsumexp %x {axes = [0]}", extremes)).toEqual([0, 0, 0, 0, 1]));
});
