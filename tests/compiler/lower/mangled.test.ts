/** Mangled programs: the front end never throws, and what it lets through is a legal graph. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { verify } from "../../../compiler/graph/verify.js";
import { checkText, pipelineOf } from "../../support/check-text.js";
import { type Random, randomFrom } from "../../support/random.js";

const pipelines = new URL("../../../pipelines/", import.meta.url);
const shipped = readdirSync(pipelines)
  .filter((name) => name.endsWith(".sig"))
  .map((name) => readFileSync(new URL(name, pipelines), "utf8"));

const written = [
  pipelineOf(
    `s[i, j] = dot(x[i], y[j])
  label[i, j] = where(i == j, 1, -1)
  hard[i, j] = in_top_k[j](where(label[i, j] > 0, -inf, s[i, j]), k: 3)
  loss = sum[i, j](label[i, j] * s[i, j]) + mean[i](logsumexp[j](s[i, j]) - s[i, ids[i]]) + sum[i, j](where(hard[i, j], 1, 0))
  output u = concat([x, x * 2], axis: 1)[:, 1:-1] @ ones((width * 2 - 2, 3))
  output r = rearrange(cube, "n a (b c) -> n c (a b)", b: 2)[..., None] + t
  output q = softmax(cube, axis: -1) - max(cube, axis: (0, 2))[None, :, None]
  output e = 2 * eye(n) - x @ x.T + diag(x @ x.T)[:, None]`,
  ),
  pipelineOf(
    `encoder e = tower(width, depth: 2)
  output a = e(x) + e(x)
  b[i] = dot(e(x)[i], x[i])
  output b`,
    `import { linear, mlp } from "std/layers.sig"
module tower(width: int, depth: int, kind: "a" | "b" = "a")(v: f32[..., width]) -> f32[..., width] {
  layer blocks = repeat(depth, mlp(width, 2 * width))
  layer head = linear(width, width) when kind == "a"
  h = blocks(v)
  return if kind == "a" then head(h) else h
}
`,
  ),
];

const TOKEN = /\/\/[^\n]*|"[^"\n]*"|\d[\w.]*|[A-Za-z_]\w*|\s+|\*\*|==|!=|<=|>=|->|\.\.\.|./g;

/** A few tokens dropped, doubled, swapped or replaced by others of the corpus. */
function mangle(text: string, vocabulary: readonly string[], random: Random): string {
  const tokens = text.match(TOKEN) ?? [];
  for (let k = 1 + random.below(4); k > 0; k--) {
    const at = random.below(tokens.length);
    const other = random.below(tokens.length);
    const [a, b] = [tokens[at] ?? "", tokens[other] ?? ""];
    const pick = vocabulary[random.below(vocabulary.length)] ?? "";
    const edits = [
      () => tokens.splice(at, 1),
      () => tokens.splice(at, 0, a),
      () => tokens.splice(at, 1, b),
      () => tokens.splice(at, 1, pick),
      () => tokens.splice(at, 1, pick),
    ];
    edits[random.below(edits.length)]?.();
  }
  return tokens.join("");
}

const corpus = [...shipped, ...written];
const vocabulary = corpus.flatMap((text) => text.match(TOKEN) ?? []).filter((token) => token.trim() !== "" && !token.startsWith("//"));
const SEED = Number(process.env["SIG_SEED"] ?? 1);
const PROGRAMS = 600;

it("the corpus itself is right", () => {
  for (const text of corpus) expect(checkText(text).diagnostics.filter((d) => d.severity === "error")).toEqual([]);
});

it(`${PROGRAMS} mangled programs (seed ${SEED}) are refused in words or lowered to a legal graph`, () => {
  let lowered = 0;
  for (let k = 0; k < PROGRAMS; k++) {
    const random = randomFrom(SEED * 1_000_003 + k);
    const text = mangle(corpus[k % corpus.length] ?? "", vocabulary, random);
    try {
      const { diagnostics, lowered: result } = checkText(text);
      for (const { span, message, related } of diagnostics) {
        expect(span.start).toBeLessThanOrEqual(span.end);
        expect(`${message}${related.map((r) => r.message).join("")}`).not.toMatch(/undefined|\[object|NaN|@(take|row|column|diagonal)/);
      }
      if (result.program === null) {
        expect(diagnostics.length).toBeGreaterThan(0);
        continue;
      }
      verify(result.program.graph, "source");
      lowered++;
    } catch (thrown) {
      throw new Error(`program ${k} of seed ${SEED}:\n${text}`, { cause: thrown });
    }
  }
  // Enough must get through for the second half of the promise to mean something.
  expect(lowered).toBeGreaterThan(PROGRAMS / 20);
});
