/** What is done with a register tile of products once it is whole. */
import { block, type CText } from "./c-text.js";
import type { MatrixProduct, Reduced } from "./matrix-product.js";
import { axesOf, placeOf, strideAlong } from "./operands.js";
import { vectorOf } from "./scalar-ops.js";
import { storeResult } from "./stored-result.js";

/** Before a step along the columns. */
const whereDense = "dense ? 1 : ";

/** The states of what is reduced: one for each row of a task, for each vector of columns, and one for what becomes a number. */
export const emitStateTypes = (product: MatrixProduct): CText =>
  product
    .states()
    .flatMap(([kind, list]) => [
      "typedef struct {",
      list.map(({ reducer, place }) => `${reducer.type} r${place};`),
      `} ${product.name}_${kind};`,
      "",
    ]);

/**
 * Rows row … and columns column … of the product, from a register tile. A task has it twice: for whole tiles of dense columns, where
 * counts and steps are constants and most of the work is done, and for all others.
 */
export function emitEpilogue(product: MatrixProduct): CText {
  const kernel = product.kernel;
  const loads = product.loads().flatMap(([load, k]) => product.loadLines(load, k, whereDense));
  const stores = product.whole.flatMap((out) => {
    const k = kernel.outs.indexOf(out);
    return storeResult(kernel, out, product.scalars, {
      at: `w${k} + y * wy${k} + x * wx${k}`,
      step: `wx${k}`,
      place: placeOf(kernel, out, (j) => `(w${j} + y * wy${j} + (x + l) * wx${j})`),
      merges: product.merges(out, []),
    });
  });
  const take = (list: readonly Reduced[], state: string): CText =>
    list.map(({ reducer, place }) => reducer.take(`${state}.r${place}`, "live"));
  const last = [
    ...stores,
    ...take(product.rows, "rows_state[y - row]"),
    ...take(product.columns, "below"),
    ...take(product.numbers, "numbers"),
  ];
  const stages = product.scalars.stages();
  const named = (at: number): { readonly name: string; readonly type: string } => ({
    name: product.scalars.name(at),
    type: vectorOf(product.scalars.lane(at)),
  });
  const carried = stages.flatMap(({ leaves }) => leaves).map(named);
  const reduces = product.states().length > 0;
  return [
    ...block(
      `SIG_INLINE void ${product.name}_epilogue(const sig_contract *c, const int dense, const ${product.element} *tile, int64_t row, int64_t rows, int64_t column, int64_t columns${product
        .states()
        .map(([kind]) => `, ${product.name}_${kind} *${kind}_state`)
        .join("")})`,
      [
        "const sig_call *call = c->call;",
        ...product.points(),
        ...loads,
        ...product.whole.flatMap((out) => product.tileLines(out, "column", whereDense)),
        ...product.scalars.lines(0),
        // Copies, for what is stored might lie where a state does: a compiler would write the state back at every step.
        ...(product.numbers.length === 0 ? [] : [`${product.name}_numbers numbers = *numbers_state;`]),
        ...block(`for (int g = 0; g < NR_${product.real} && g < columns; g += SIG_LANES)`, [
          "const int64_t x = column + g, n = sig_least(SIG_LANES, columns - g);",
          "(void)x, (void)n;",
          ...(reduces ? ["const i32v live = first_lanes(n);"] : []),
          ...(product.columns.length === 0 ? [] : [`${product.name}_columns below = columns_state[g / SIG_LANES];`]),
          ...product.scalars.lines(1),
          ...carried.map(({ name, type }) => `${type} ${name}_of[SIG_MR];`),
          ...stages.flatMap(({ lines, takes, leaves }, stage) =>
            block("SIG_UNROLL_ROWS for (int64_t y = row; y < row + rows; y++)", [
              ...takes.map(named).map(({ name, type }) => `const ${type} ${name} = ${name}_of[y - row];`),
              ...lines,
              ...leaves.map(named).map(({ name }) => `${name}_of[y - row] = ${name};`),
              ...(stage === stages.length - 1 ? last : []),
            ]),
          ),
          ...(product.columns.length === 0 ? [] : ["columns_state[g / SIG_LANES] = below;"]),
        ]),
        ...product.numbers.flatMap(({ reducer, place }) => reducer.flush(`numbers.r${place}`)),
        ...(product.numbers.length === 0 ? [] : ["*numbers_state = numbers;"]),
      ],
    ),
    "",
  ];
}

/** Whether all that changes with the columns lies side by side along them. */
export function isDense(product: MatrixProduct): string {
  const { column } = product.roles;
  const steps = [
    ...product.loads().flatMap(([{ operand, access }]) => (access.includes(column) ? [strideAlong(operand, access, column)] : [])),
    ...product.whole.map((out) => strideAlong(out.operand, axesOf(out).access, column)),
  ];
  return steps.length === 0 ? "1" : [...new Set(steps)].map((step) => `${step} == 1`).join(" && ");
}

/** What the epilogue will read and write at each point is on its way while the products are added up. */
export function emitPrefetch(product: MatrixProduct): CText {
  const { row, column } = product.roles;
  const read = product.loads().filter(([{ access }]) => access.includes(row) && access.includes(column));
  const lines = [
    ...read.map(([, k]) => `__builtin_prefetch(p${k} + y * dy${k} + x * dx${k});`),
    ...product.whole.map((out) => {
      const k = product.kernel.outs.indexOf(out);
      return `__builtin_prefetch(w${k} + y * wy${k} + x * wx${k}, 1);`;
    }),
  ];
  if (lines.length === 0) return [];
  return [
    ...block("if (last)", [
      ...product.points(),
      ...read.flatMap(([load, k]) => product.loadLines(load, k)),
      ...product.whole.flatMap((out) => product.tileLines(out, "c->column + column")),
      ...block("for (int64_t y = c->row + row; y < c->row + sig_least(c->row_count, row + SIG_MR); y++)", [
        `for (int64_t x = c->column + column; x < c->column + sig_least(c->column_count, column + NR_${product.real}); x += SIG_LANES) {`,
        lines,
        "}",
      ]),
    ]),
  ];
}
