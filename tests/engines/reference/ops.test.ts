/** Each op on a case worked out by hand: the oracle has no oracle but the reader. */
import { describe, expect, it } from "vitest";
import { parseGraph } from "../../../compiler/graph/parse.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { type Value, valueOf } from "../../../runtime/engines/reference/value.js";

const inf = Number.POSITIVE_INFINITY;
const nan = Number.NaN;

const inputs = new Map<string, Value>([
  ["x", valueOf([2, 3], [1, -2, 3, 4, 5, -6])],
  ["y", valueOf([2, 3], [2, 2, 0.5, -1, 4, 3])],
  ["t", valueOf([2, 3], [7, 7, 1, 7, 2, 2])],
  ["hole", valueOf([2, 3], [-inf, -inf, -inf, 0, nan, 1])],
  ["w", valueOf([2], [10, 20])],
  ["i", valueOf([3], [2, 0, 9])],
  ["u", valueOf([2], [4294967295, 3])],
  ["s", valueOf([2], [2147483647, -5])],
  ["p", valueOf([3], [1, 0, 1])],
  ["q", valueOf([3], [1, 1, 0])],
  ["b3", valueOf([2, 1, 2], [1, 2, 3, 4])],
  ["c3", valueOf([2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])],
]);
const header = `
%x = input "x" : f32[n, 3]
%y = input "y" : f32[n, 3]
%t = input "t" : f32[n, 3]
%hole = input "hole" : f32[n, 3]
%w = input "w" : f32[n]
%i = input "i" : i32[3]
%u = input "u" : u32[n]
%s = input "s" : i32[n]
%p = input "p" : bool[3]
%q = input "q" : bool[3]
%b3 = input "b3" : f32[n, 1, 2]
%c3 = input "c3" : f32[n, 2, 3]
`;
const evaluate = (lines: string): readonly number[] =>
  Array.from(
    evaluateGraph(parseGraph(`${header}${lines.includes("%r =") ? lines : `%r = ${lines}`}\noutput "r" = %r`), inputs, { n: 2, m: 3 }).get(
      "r",
    )?.data ?? [],
  );

const cases: readonly (readonly [string, readonly number[]])[] = [
  ["const -0.25 : f32[]", [-0.25]],
  ["size n*m + 1 : f32[]", [7]],
  ["iota : i32[m]", [0, 1, 2]],
  ["sign %x", [1, -1, 1, 1, 1, -1]],
  ["add %x, %y", [3, 0, 3.5, 3, 9, -3]],
  ["sub %x, %y", [-1, -4, 2.5, 5, 1, -9]],
  ["mod %x, %y", [1, 0, 0, -0, 1, 0]],
  ["pow %y, %x", [2, 0.25, 0.125, 1, 1024, 3 ** -6]],
  ["maximum %x, %y", [2, 2, 3, 4, 5, 3]],
  ["le %x, %y", [1, 1, 0, 0, 0, 1]],
  ["eq %hole, %hole", [1, 1, 1, 1, 0, 1]],
  ["and %p, %q", [1, 0, 0]],
  ["or %p, %q", [1, 1, 1]],
  ["not %p", [0, 1, 0]],
  ["%c = lt %x, %y %r = select %c, %x, %hole", [1, -2, -inf, 0, nan, -6]],
  ["broadcast %w {axes = [0]} : f32[n, 3]", [10, 10, 10, 20, 20, 20]],
  ["broadcast %w {axes = [1]} : f32[3, n]", [10, 20, 10, 20, 10, 20]],
  ["broadcast %w {axes = [1]} : f32[1, n, 2]", [10, 10, 20, 20]],
  ["transpose %x {perm = [1, 0]}", [1, 4, -2, 5, 3, -6]],
  ["transpose %c3 {perm = [2, 0, 1]}", [1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12]],
  ["reshape %x : f32[3, n]", [1, -2, 3, 4, 5, -6]],
  ["slice %x {axis = 1, start = 1, stop = 3}", [-2, 3, 5, -6]],
  ["slice %x {axis = 0, start = 1, stop = n}", [4, 5, -6]],
  ["pad %x {axis = 1, low = 1, high = 0}", [0, 1, -2, 3, 0, 4, 5, -6]],
  ["pad %x {axis = 0, low = 0, high = 1}", [1, -2, 3, 4, 5, -6, 0, 0, 0]],
  ["concat %x, %y {axis = 0}", [1, -2, 3, 4, 5, -6, 2, 2, 0.5, -1, 4, 3]],
  ["concat %x, %y {axis = 1}", [1, -2, 3, 2, 2, 0.5, 4, 5, -6, -1, 4, 3]],
  ["sum %x {axes = [0]}", [5, 3, -3]],
  ["sum %x {axes = [0, 1]}", [5]],
  ["sum %c3 {axes = [0, 2]}", [30, 48]],
  ["sum %x {axes = []}", [1, -2, 3, 4, 5, -6]],
  ["max %hole {axes = [1]}", [-inf, nan]],
  ["min %x {axes = [1]}", [-2, -6]],
  ["logsumexp %hole {axes = [1]}", [-inf, nan]],
  ["%z = slice %x {axis = 0, start = 0, stop = 0} %r = max %z {axes = [0]}", [-inf, -inf, -inf]],
  ["%z = slice %x {axis = 0, start = 0, stop = 0} %r = logsumexp %z {axes = [0]}", [-inf, -inf, -inf]],
  ["%z = slice %x {axis = 0, start = 0, stop = 0} %r = sum %z {axes = [0]}", [0, 0, 0]],
  ["%z = slice %x {axis = 0, start = 0, stop = 0} %r = argmax %z {axis = 0}", [2147483647, 2147483647, 2147483647]],
  ["argmax %t {axis = 1}", [0, 0]],
  ["argmax %t {axis = 0}", [0, 0, 1]],
  ["argmax %hole {axis = 1}", [0, 1]],
  ["topk %t {axis = 1, k = 2}", [7, 7, 7, 2]],
  ["topk_index %t {axis = 1, k = 2}", [0, 1, 0, 1]],
  ["topk %x {axis = 0, k = 3}", [4, 5, 3, 1, -2, -6, -inf, -inf, -inf]],
  ["topk_index %x {axis = 0, k = 3}", [1, 1, 0, 0, 0, 1, 2147483647, 2147483647, 2147483647]],
  ["in_top_k %t {axis = 1, k = 2}", [1, 1, 0, 1, 1, 0]],
  ["cumsum %x {axis = 1}", [1, -1, 2, 4, 9, 3]],
  ["cumsum %x {axis = 0, reverse = true}", [5, 3, -3, 4, 5, -6]],
  ["sort %hole {axis = 1}", [-inf, -inf, -inf, 0, 1, nan]],
  ["sort %x {axis = 0}", [1, -2, -6, 4, 5, 3]],
  ["dot %x, %y {contract = [[1, 1]]}", [-0.5, 0, 15, -2]],
  ["dot %x, %w {contract = [[0, 0]]}", [90, 80, -90]],
  ["dot %w, %w {contract = []}", [100, 200, 200, 400]],
  ["dot %x, %y {batch = [[0, 0]], contract = [[1, 1]]}", [-0.5, -2]],
  // b3[0]·c3[0] = (1,2)·((1,2,3),(4,5,6)), b3[1]·c3[1] = (3,4)·((7,8,9),(10,11,12))
  ["dot %b3, %c3 {batch = [[0, 0]], contract = [[2, 1]]}", [9, 12, 15, 61, 68, 75]],
  ["dot %c3, %c3 {batch = [[2, 2], [1, 1]], contract = [[0, 0]]}", [50, 116, 68, 146, 90, 180]],
  ["gather %x, %i {axis = 1}", [3, 1, 0, -6, 4, 0]],
  ["scatter_add %x, %i {axis = 1, size = 4}", [-2, 0, 1, 0, 5, 0, 4, 0]],
  ["%c = cast %s : u32[n] %r = add %u, %c", [2147483646, 4294967294]],
  ["add %s, %s", [-2, -10]],
  ["mul %u, %u", [1, 9]],
  ["mul %s, %s", [1, 25]],
  ["neg %s", [-2147483647, 5]],
  ["sum %u {axes = [0]}", [2]],
  ["cast %hole : i32[n, 3]", [-2147483648, -2147483648, -2147483648, 0, 0, 1]],
  ["cast %y : i32[n, 3]", [2, 2, 0, -1, 4, 3]],
  ["cast %y : u32[n, 3]", [2, 2, 0, 0, 4, 3]],
  ["cast %x : bool[n, 3]", [1, 1, 1, 1, 1, 1]],
  ["cast %p : f32[3]", [1, 0, 1]],
  ["cast %u : i32[n]", [-1, 3]],
  ["%v = broadcast %y {axes = [1, 2]} : f32[2, n, 3] %h = cast %v : f16[2, n, 3] %r = sum %h {axes = [0]}", [4, 4, 1, -2, 8, 6]],
];

describe("reference", () => {
  it.each(cases)("%s", (text, expected) => expect(evaluate(text)).toEqual(expected));

  it("is stable where the naive formula overflows", () => {
    const [a = 0, b = 0] = evaluate(
      "%big = const 10000 : f32[] %k = broadcast %big : f32[n, 3] %z = mul %x, %k %r = logsumexp %z {axes = [1]}",
    );
    expect([a, b]).toEqual([30000, 50000]);
  });

  it("computes in float64 whatever the storage type says", () => {
    const [third = 0] = evaluate("%one = const 1 : f16[] %three = const 3 : f16[] %r = div %one, %three");
    expect(third).toBe(1 / 3);
  });

  const faults: readonly (readonly [string, ReadonlyMap<string, Value>, Readonly<Record<string, number>>, RegExp])[] = [
    ["a missing input", new Map(), { n: 2 }, /no value is given for input x/],
    ["an input of another shape", new Map([["x", valueOf([3], [1, 2, 3])]]), { n: 2 }, /input x is \[3\], not \[2\]/],
    ["a fraction where an integer is declared", new Map([["x", valueOf([2], [1, 0.5])]]), { n: 2 }, /holds 0.5, which is no i32/],
    ["an integer out of range", new Map([["x", valueOf([2], [1, 2147483648])]]), { n: 2 }, /holds 2147483648, which is no i32/],
    ["a batch without a size", new Map(), {}, /no size given for batch n/],
    ["a batch of half an example", new Map(), { n: 1.5 }, /batch n cannot be 1.5/],
  ];
  it.each(faults)("refuses %s", (_, given, dims, message) =>
    expect(() => evaluateGraph(parseGraph(`%x = input "x" : i32[n]\noutput "x" = %x`), given, dims)).toThrow(message),
  );

  it("names the node that failed", () => {
    const graph = parseGraph(`%x = input "x" : f32[n]\n%y = slice %x {axis = 0, start = 3, stop = n}\noutput "y" = %y`);
    expect(() => evaluateGraph(graph, new Map([["x", valueOf([2], [1, 2])]]), { n: 2 })).toThrow(/%1 = slice %0/);
  });
});
