/** A kernel plan as text: what is held, when, where, and what runs in which order. */
import type { Span } from "../../grammar/span.js";
import type { Kernel } from "../kernel/kernel.js";
import { printSize } from "../graph/size.js";
import { describeKept } from "./describe-kept.js";
import { humanBytes } from "./human-bytes.js";
import { numberStatements } from "./logical-memory.js";
import type { BufferId, LoopId, Plan, PlanStatement, View } from "./plan.js";
import { writtenOperands } from "./verify-plan.js";

/** `place`: span → "file:line", from whoever has the sources. */
export type PlanText = { readonly kernels: readonly Kernel[]; readonly place: (span: Span) => string };

export function printPlan(plan: Plan, { kernels, place }: PlanText): string {
  return [...header(plan, place), "", ...buffers(plan, place), "", ...printStatements(plan, kernels), ""].join("\n");
}

function header(plan: Plan, place: (span: Span) => string): readonly string[] {
  const { target, dims, tiles, peakBytes, peakAt, flops } = plan;
  const alive = plan.buffers.filter(({ from, to }) => from <= peakAt && peakAt <= to).sort((a, b) => b.bytes - a.bytes);
  return [
    `${target.engine} ${target.precision}: ${Object.entries(dims)
      .map(([id, size]) => `${id} = ${size}`)
      .join(", ")}`,
    ...tiles.map(({ loops }, k) => `sweep ${k + 1}: ${loops.map(({ name, extent, block }) => `${name} ${extent} by ${block}`).join(", ")}`),
    ...describeKept(plan),
    `${flops} floating-point operations in contractions`,
    `peak ${humanBytes(peakBytes)} at step ${peakAt}: ${alive.map(({ name, bytes, span }) => `${name} ${humanBytes(bytes)} (${place(span)})`).join(", ")}`,
  ];
}

function buffers(plan: Plan, place: (span: Span) => string): readonly string[] {
  const rows = plan.buffers.map(({ id, name, role, dtype, shape, size, degree, bytes, from, to, offset, span }) => {
    const what = [`#${id}`, name, role, `${dtype}[${shape.join(", ")}]`, printSize(size), `degree ${degree}`, humanBytes(bytes)];
    return [...what, `${from}..${to}`, offset === null ? "-" : `@${offset}`, place(span)];
  });
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** One line a statement, numbered in the flat order, loops indented. `+` marks a result that merges into what is there. */
export function printStatements(plan: Plan, kernels: readonly Kernel[]): readonly string[] {
  const numbers = numberStatements(plan.statements);
  const loopNames = new Map<LoopId, string>();
  const name = (id: BufferId): string => `${plan.buffers[id]?.name ?? "?"}#${id}`;
  const window = ({ buffer, bases }: View): string =>
    name(buffer) + (bases.length === 0 ? "" : `[${bases.map(({ loop }) => loopNames.get(loop) ?? loop).join(", ")}]`);
  const describe = (statement: PlanStatement): string => {
    switch (statement.kind) {
      case "for":
        return `for ${statement.name} below ${statement.extent} by ${statement.step}`;
      case "free":
        return `free ${name(statement.buffer)}`;
      case "call": {
        const kernel = kernels[statement.kernel];
        const written = kernel === undefined ? [] : writtenOperands(kernel);
        const reads = statement.operands.filter((_, k) => !written.includes(k)).map(window);
        const results = written.map(
          (operand, out) =>
            ((statement.first[out]?.length ?? 0) > 0 ? "+" : "") +
            window(statement.operands[operand] ?? { buffer: -1, offset: 0, bases: [], dims: [] }),
        );
        return `${results.join(", ")} = ${kernel?.form ?? "?"} k${statement.kernel}(${reads.join(", ")})`;
      }
      case "choose":
        return `in the first ${statement.below} turns`;
      case "op":
      case "cut":
      case "merge":
      case "join":
        throw new Error(`a kernel plan holds no ${statement.kind}`);
    }
  };
  const lines = (statements: readonly PlanStatement[], indent: string): readonly string[] =>
    statements.flatMap((statement) => {
      if (statement.kind === "for") loopNames.set(statement.loop, statement.name);
      const line = `${String(numbers.get(statement) ?? 0).padStart(4)}  ${indent}${describe(statement)}`;
      const deeper = `${indent}  `;
      if (statement.kind === "for") return [line, ...lines(statement.body, deeper)];
      if (statement.kind === "choose")
        return [line, ...lines(statement.early, deeper), `      ${indent}else`, ...lines(statement.late, deeper)];
      return [line];
    });
  return lines(plan.statements, "");
}
