/** How the slots of all tasks are joined, when the last of them is done. */
import { block, type CText } from "./c-text.js";
import type { MatrixProduct } from "./matrix-product.js";

/** Joins the slots of all tasks: one panel of columns, or, behind the last, what becomes one number. */
export function emitFold(product: MatrixProduct): CText {
  const name = product.name;
  const real = product.real;
  const panels = `sig_parts(c->column_count, NR_${real})`;
  const columns: CText =
    product.columns.length === 0
      ? []
      : [
          ...block(`for (int64_t v = panel * NR_${real} / SIG_LANES; v < (panel + 1) * NR_${real} / SIG_LANES; v++)`, [
            `${name}_columns state = ((const ${name}_columns *)sig_columns_slot(c, 0))[v];`,
            ...block("for (int64_t task = 1; task < tasks; task++)", [
              `const ${name}_columns next = ((const ${name}_columns *)sig_columns_slot(c, task))[v];`,
              ...product.columns.flatMap(({ reducer, place }) => reducer.join(`state.r${place}`, `next.r${place}`)),
            ]),
            ...product.columns.flatMap(({ out }) => product.wholeLines(out)),
            ...block("for (int l = 0; l < SIG_LANES && v * SIG_LANES + l < c->column_count; l++)", [
              ...product.put(
                product.columns,
                (place) => `state.r${place}`,
                "l",
                (k) => `(w${k} + (c->column + v * SIG_LANES + l) * wx${k})`,
                "c->row > 0",
              ),
            ]),
          ]),
        ];
  const numbers: CText =
    product.numbers.length === 0
      ? []
      : [
          `${name}_numbers state = *(const ${name}_numbers *)sig_numbers_slot(c, 0);`,
          ...block("for (int64_t task = 1; task < tasks; task++)", [
            `const ${name}_numbers next = *(const ${name}_numbers *)sig_numbers_slot(c, task);`,
            ...product.numbers.flatMap(({ reducer, place }) => reducer.join(`state.r${place}`, `next.r${place}`)),
          ]),
          ...product.numbers.flatMap(({ out }) => product.wholeLines(out)),
          ...product.put(
            product.numbers,
            (place) => `state.r${place}`,
            "0",
            (k) => `w${k}`,
            "c->row > 0 || c->column > 0",
          ),
        ];
  return [
    ...block(`static void ${name}_fold(void *job, int64_t panel, int64_t thread)`, [
      "const sig_contract *c = job;",
      "const sig_call *call = c->call;",
      "const int64_t tasks = sig_tasks(c);",
      "(void)call, (void)tasks, (void)thread, (void)panel;",
      ...product.points(),
      ...(columns.length === 0 ? [] : [`if (panel < ${panels}) {`, columns, "return;", "}"]),
      ...numbers,
    ]),
    "",
  ];
}
