/** What a thread does at a time: some rows, all columns of the block or some panels of them, one register tile after the other. */
import type { KernelOf } from "../../../../compiler/kernel/kernel.js";
import { block, type CText } from "./c-text.js";
import { emitPrefetch, isDense } from "./epilogue.js";
import type { MatrixProduct, Reduced } from "./matrix-product.js";
import { placeOf, pointerAt, strideAlong } from "./operands.js";

/** A result of the row that a task is about to finish. */
const rowPlace = (k: number): string => `(w${k} + (c->row + first + r) * wy${k})`;

/** A task's rows, and all columns of the block or SIG_TASK_COLUMNS panels of them. */
export function emitTask(product: MatrixProduct): CText {
  const name = product.name;
  const real = product.real;
  const c = product.element;
  const { kept } = product.kernel;
  const start = (list: readonly Reduced[], state: string): CText => list.map(({ reducer, place }) => reducer.start(`${state}.r${place}`));
  const flushRows = product.rows.flatMap(({ reducer, place }) => reducer.flush(`rows_state[r].r${place}`));
  const states = product
    .states()
    .map(([kind]) =>
      kind === "rows" ? ", rows_state + (row - first)" : kind === "columns" ? ", columns_state + column / SIG_LANES" : ", numbers_state",
    )
    .join("");
  const flushColumns = product.columns.flatMap(({ reducer, place }) => reducer.flush(`columns_state[v].r${place}`));
  return [
    ...block(`static void ${name}_task(void *job, int64_t task, int64_t thread)`, [
      "const sig_contract *c = job;",
      "const sig_call *call = c->call;",
      "const int last = c->k + c->k_count >= c->inner, whole = c->k_count >= c->inner;",
      "const int64_t row_tasks = sig_row_tasks(c->kernel, c->row_count);",
      "const sig_rows mine = sig_task_rows(c, task % row_tasks);",
      "const int64_t first = mine.first, rows = mine.count;",
      `const int64_t panels = sig_parts(c->column_count, NR_${real});`,
      ...(product.isGrid
        ? ["const int64_t from = task / row_tasks * SIG_TASK_COLUMNS, to = sig_least(panels, from + SIG_TASK_COLUMNS);"]
        : ["const int64_t from = 0, to = panels;"]),
      `const int dense = ${isDense(product)};`,
      "(void)call, (void)thread;",
      ...(product.rows.length === 0
        ? []
        : [
            `${name}_rows rows_state[SIG_TASK_PANELS * SIG_MR];`,
            ...block("for (int r = 0; r < SIG_TASK_PANELS * SIG_MR; r++)", start(product.rows, "rows_state[r]")),
            ...resumeRows(product),
          ]),
      ...(product.columns.length === 0
        ? []
        : [
            `${name}_columns *columns_state = sig_columns_slot(c, task);`,
            ...block(`if (last) for (int64_t v = 0; v < panels * NR_${real} / SIG_LANES; v++)`, start(product.columns, "columns_state[v]")),
          ]),
      ...(product.numbers.length === 0
        ? []
        : [
            `${name}_numbers *numbers_state = sig_numbers_slot(c, task);`,
            ...block("if (last)", start(product.numbers, "(*numbers_state)")),
          ]),
      `${c} own[SIG_MR * NR_${real}] __attribute__((aligned(64)));`,
      ...block("for (int64_t panel = from; panel < to; panel++)", [
        `const int64_t column = panel * NR_${real};`,
        ...(kept === undefined ? ["sig_pack(c, first, rows, column);"] : []),
        ...block("for (int64_t row = first; row < first + rows; row += SIG_MR)", [
          "/* Tiles that wait for more of k lie in the order of panels of rows, then of columns. */",
          `${c} *tile = whole ? own : (${c} *)c->sums + (row / SIG_MR * panels + panel) * SIG_MR * NR_${real};`,
          ...emitPrefetch(product),
          ...(kept === undefined
            ? [
                // What is fetched ahead is there: each fetch from a page that nobody has written walks the page tables, and keeps nothing.
                "const int64_t after = row + SIG_MR, ends = panel + 1 == to ? c->row_count : first + rows;",
                "const int64_t next = after < ends ? after : first;",
                `micro_${real}(c->column_count - column, c->k_count, sig_left_from(c, row), next - row, (const ${c} *)c->right + column * c->k_count, tile, c->k == 0);`,
              ]
            : readKept(product, kept)),
          ...block("if (last)", [
            `const int64_t tall = sig_least(SIG_MR, c->row_count - row), wide = sig_least(NR_${real}, c->column_count - column);`,
            `if (dense && tall == SIG_MR && wide == NR_${real}) ${name}_epilogue(c, 1, tile, c->row + row, SIG_MR, c->column + column, NR_${real}${states});`,
            `else ${name}_epilogue(c, 0, tile, c->row + row, tall, c->column + column, wide${states});`,
          ]),
        ]),
      ]),
      ...(flushColumns.length === 0 ? [] : block(`if (last) for (int64_t v = 0; v < panels * NR_${real} / SIG_LANES; v++)`, flushColumns)),
      ...(product.rows.length === 0
        ? []
        : block("if (last)", [
            ...product.points(),
            ...product.rows.flatMap(({ out }) => product.wholeLines(out)),
            ...block("for (int64_t r = 0; r < rows; r++)", [
              ...flushRows,
              ...product.put(product.rows, (place) => `rows_state[r].r${place}`, "0", rowPlace, "c->column > 0"),
            ]),
          ])),
    ]),
    "",
  ];
}

/** Register tiles of sums that are there already. */
function readKept(product: MatrixProduct, { operand, access }: NonNullable<KernelOf<"contract">["kept"]>): CText {
  const { row, column, points } = product.roles;
  const real = product.real;
  return [
    "if (last) {",
    [
      ...product.points(),
      `const ${product.element} *kept = ${pointerAt(product.kernel, operand, access, points, (dim) => `i${dim}`)};`,
      `const int64_t sy = ${strideAlong(operand, access, row)}, sx = ${strideAlong(operand, access, column)};`,
      `const int64_t width = sig_least(NR_${real}, c->column_count - column);`,
      ...block("for (int64_t y = 0; y < sig_least(SIG_MR, c->row_count - row); y++)", [
        `${product.element} *to = tile + y * NR_${real};`,
        `const ${product.element} *from = kept + (c->row + row + y) * sy + (c->column + column) * sx;`,
        "if (sx == 1) __builtin_memcpy(to, from, (size_t)width * sizeof *to);",
        "else for (int64_t x = 0; x < width; x++) to[x] = from[x * sx];",
      ]),
    ],
    "}",
  ];
}

function resumeRows(product: MatrixProduct): CText {
  const resumed = product.rows.filter(({ reducer }) => reducer.resume !== null);
  if (resumed.length === 0) return [];
  return block("if (last)", [
    ...product.points(),
    ...product.rows.flatMap(({ out }) => product.wholeLines(out)),
    ...block(
      "for (int64_t r = 0; r < rows; r++)",
      resumed.flatMap(({ out, place, reducer }) => [
        `if ${product.merges(out, ["c->column > 0"])}`,
        [...(reducer.resume?.(`rows_state[r].r${place}`, placeOf(product.kernel, out, rowPlace)) ?? [])],
      ]),
    ),
  ]);
}
