/** contract with rows and columns: how panels are packed, what the epilogue does with a register tile, how results are joined. */
import type { Factor, KernelOf, KernelOut, Scalar } from "../../../../compiler/kernel/kernel.js";
import { factorDims, innerDims } from "../../../../compiler/kernel/factor.js";
import { block, type CText } from "./c-text.js";
import { elementType, readElement } from "./elements.js";
import { axesOf, placeOf, pointCount, pointerAt, strideAlong } from "./operands.js";
import { emitPack, type Side } from "./pack.js";
import { leftPanels, plainLeft, storesPanels } from "./panels.js";
import { type EmittedKernel, emitPoints } from "./points.js";
import { type Direction, indicesFirst, type Reducer, reducerFor, valuesOf } from "./reducer.js";
import { type Roles, rolesOf } from "./roles.js";
import { laneOf, vectorOf } from "./scalar-ops.js";
import { emitScalars, type EmittedScalars } from "./scalars.js";
import { storeResult } from "./stored-result.js";
import { readWindow } from "./window.js";

type Load = Extract<Scalar, { kind: "load" }>;

export function emitContract(name: string, kernel: KernelOf<"contract">): EmittedKernel {
  const roles = rolesOf(kernel);
  return roles === null ? emitPoints(name, kernel) : new MatrixProduct(name, kernel, roles).emit();
}

/** Before a step along the columns, in an epilogue. */
const whereDense = "dense ? 1 : ";

/** A result of the row that a task is about to finish. */
const rowPlace = (k: number): string => `(w${k} + (c->row + first + r) * wy${k})`;

type Reduced = { readonly out: KernelOut; readonly place: number; readonly reducer: Reducer };

class MatrixProduct {
  readonly #name: string;
  readonly #kernel: KernelOf<"contract">;
  readonly #roles: Roles;
  readonly #scalars: EmittedScalars;
  readonly #real: "f32" | "f64";
  readonly #whole: readonly KernelOut[];
  /** What is reduced along columns, along rows, and along both. */
  readonly #rows: readonly Reduced[];
  readonly #columns: readonly Reduced[];
  readonly #numbers: readonly Reduced[];

  constructor(name: string, kernel: KernelOf<"contract">, roles: Roles) {
    this.#name = name;
    this.#kernel = kernel;
    this.#roles = roles;
    const { row, column } = roles;
    const accumulator = kernel.scalars.find(({ kind }) => kind === "accumulator");
    this.#real = accumulator?.dtype === "f64" ? "f64" : "f32";
    this.#scalars = emitScalars(kernel.scalars, valuesOf(kernel, kernel.outs), {
      prefix: "s",
      levelOf: (dims) => (dims.includes(row) ? 2 : dims.includes(column) ? 1 : 0),
      innermost: 2,
      index: (dim) =>
        dim === column ? "(lane_iota() + (int32_t)x)" : dim === row ? "splat_i32((int32_t)y)" : `splat_i32((int32_t)i${dim})`,
      load: (load, at) => this.#load(load, at),
      window: (window) =>
        readWindow(kernel.operands[window.operand]?.dtype ?? window.dtype, window, {
          lanes: column,
          dense: false,
          width: "n",
          at: (dim) => (dim === row ? "y" : `i${dim}`),
        }),
      accumulator: (lane) => `load_${lane}(tile + (y - row) * NR_${this.#real} + g)`,
    });
    const has = (out: KernelOut, dim: number): boolean => out.access.includes(dim);
    const outer = kernel.dims - kernel.inner;
    const full = (out: KernelOut): boolean => new Set(out.access).size === outer;
    const pick = (where: (out: KernelOut) => boolean, direction: Direction): readonly Reduced[] =>
      kernel.outs.flatMap((out, place) =>
        !full(out) && where(out) ? [{ out, place, reducer: reducerFor(kernel, out, this.#scalars, direction) }] : [],
      );
    // Where rows and columns are kept but not every point, one product after another is merged.
    this.#whole = kernel.outs.filter((out) => has(out, row) && has(out, column)).toSorted(indicesFirst);
    this.#rows = pick((out) => has(out, row) && !has(out, column), "across");
    this.#columns = pick((out) => !has(out, row) && has(out, column), "along");
    this.#numbers = pick((out) => !has(out, row) && !has(out, column), "across");
  }

  emit(): EmittedKernel {
    const { row, column, points } = this.#roles;
    const name = this.#name;
    const free = this.#kernel.outs.every((out) => points.every((dim) => out.access.includes(dim)));
    const same = (factor: Factor): number => (factorDims(factor).some((dim) => points.includes(dim)) ? 0 : 1);
    const has = (list: readonly Reduced[], type: string): string => (list.length === 0 ? "0" : `sizeof(${name}_${type})`);
    return {
      functions: [
        ...(this.#kernel.kept === undefined ? [...this.#pack("left", row), ...this.#pack("right", column)] : []),
        ...this.#stateType("rows", this.#rows),
        ...this.#stateType("columns", this.#columns),
        ...this.#stateType("numbers", this.#numbers),
        ...this.#epilogue(),
        ...this.#task(),
        ...this.#fold(),
        ...this.#plain(),
        `static const sig_contract_kernel ${name}_kernel = {`,
        [
          `.element_bytes = sizeof(${this.#cReal()}), .tile_columns = NR_${this.#real}, .points_free = ${free ? 1 : 0}, .grid = ${this.#isGrid() ? 1 : 0},`,
          `.left_free = ${same(this.#roles.left)}, .right_free = ${same(this.#roles.right)},`,
          `.column_state_bytes = ${has(this.#columns, "columns")}, .state_bytes = ${has(this.#numbers, "numbers")},`,
          this.#leftPanels(),
          ...(plainLeft(this.#kernel, this.#roles) === null ? [] : [`.plain = ${name}_plain, .plain_steps = ${name}_plain_steps,`]),
          ...(this.#kernel.kept === undefined ? [`.left = ${name}_left, .right = ${name}_right,`] : []),
          `.task = ${name}_task, .fold = ${name}_fold,`,
        ],
        "};",
        "",
      ],
      body: [
        `const int64_t points[] = {${Array.from({ length: Math.max(1, this.#kernel.dims) }, (_, dim) => (points.includes(dim) ? `call->extent[${dim}]` : "1")).join(", ")}};`,
        `sig_contract_run(call, &${name}_kernel, call->extent[${row}], call->extent[${column}], ${pointCount(innerDims(this.#kernel))}, points, ${Math.max(1, this.#kernel.dims)});`,
      ],
    };
  }

  #leftPanels(): string {
    const left = leftPanels(this.#kernel, this.#roles);
    return `.left_operand = ${left?.operand ?? -1}, .left_order = ${left === null ? "SIG_PACKED" : left.order === "rows" ? "SIG_ROWS" : "SIG_COLUMNS"},`;
  }
  #isGrid(): boolean {
    return this.#rows.length === 0 && this.#columns.length === 0;
  }
  #cReal(): string {
    return elementType(this.#real);
  }
  #points(): CText {
    return this.#roles.points.flatMap((dim) => [`const int64_t i${dim} = c->at[${dim}];`, `(void)i${dim};`]);
  }

  #pack(side: Side, across: number): CText {
    return emitPack(this.#name, this.#kernel, { side, factor: this.#roles[side], across, points: this.#points(), real: this.#real });
  }

  /** Where the left factor lies as it is: it may be read there. */
  #plain(): CText {
    const load = plainLeft(this.#kernel, this.#roles);
    if (load === null) return [];
    const { operand, access } = load;
    const step = (dim: number): string => strideAlong(operand, access, dim);
    return [
      `static const void *${this.#name}_plain(const sig_contract *c) {`,
      [
        "const sig_call *call = c->call;",
        ...this.#points(),
        `return ${pointerAt(this.#kernel, operand, access, this.#roles.points, (dim) => `i${dim}`)};`,
      ],
      "}",
      `static void ${this.#name}_plain_steps(const sig_call *call, int64_t *row, int64_t *product) {`,
      [`*row = ${step(this.#roles.row)};`, `*product = ${step(this.#kernel.dims - 1)};`],
      "}",
      "",
    ];
  }

  // Register tiles ---------------------------------------------------------------------------------------------------

  #load({ operand, access, dtype }: Load, at: number): string {
    const { row, column } = this.#roles;
    const here = access.includes(row) ? `p${at} + y * dy${at}` : `p${at}`;
    return access.includes(column)
      ? `load_lanes_${dtype}(${here} + x * dx${at}, dx${at}, n)`
      : `splat_${laneOf(dtype)}(${readElement(this.#kernel.operands[operand]?.dtype ?? dtype, here)})`;
  }

  #stateType(kind: string, list: readonly Reduced[]): CText {
    if (list.length === 0) return [];
    return ["typedef struct {", list.map(({ reducer, place }) => `${reducer.type} r${place};`), `} ${this.#name}_${kind};`, ""];
  }

  #states(): readonly (readonly [string, readonly Reduced[]])[] {
    return (
      [
        ["rows", this.#rows],
        ["columns", this.#columns],
        ["numbers", this.#numbers],
      ] as const
    ).filter(([, list]) => list.length > 0);
  }

  /**
   * Rows row … and columns column … of the product, from a register tile. A task has it twice: for whole tiles of dense columns, where
   * counts and steps are constants and most of the work is done, and for all others.
   */
  #epilogue(): CText {
    const kernel = this.#kernel;
    const loads = this.#loads().flatMap(([load, k]) => this.#loadLines(load, k, whereDense));
    const stores = this.#whole.flatMap((out) => {
      const k = kernel.outs.indexOf(out);
      return storeResult(kernel, out, this.#scalars, {
        at: `w${k} + y * wy${k} + x * wx${k}`,
        step: `wx${k}`,
        place: placeOf(kernel, out, (j) => `(w${j} + y * wy${j} + (x + l) * wx${j})`),
        merges: this.#merges(out, []),
      });
    });
    const take = (list: readonly Reduced[], state: string): CText =>
      list.map(({ reducer, place }) => reducer.take(`${state}.r${place}`, "live"));
    const last = [
      ...stores,
      ...take(this.#rows, "rows_state[y - row]"),
      ...take(this.#columns, "below"),
      ...take(this.#numbers, "numbers"),
    ];
    const stages = this.#scalars.stages();
    const named = (at: number): { readonly name: string; readonly type: string } => ({
      name: this.#scalars.name(at),
      type: vectorOf(this.#scalars.lane(at)),
    });
    const carried = stages.flatMap(({ leaves }) => leaves).map(named);
    const reduces = this.#states().length > 0;
    return [
      ...block(
        `SIG_INLINE void ${this.#name}_epilogue(const sig_contract *c, const int dense, const ${this.#cReal()} *tile, int64_t row, int64_t rows, int64_t column, int64_t columns${this.#states()
          .map(([kind]) => `, ${this.#name}_${kind} *${kind}_state`)
          .join("")})`,
        [
          "const sig_call *call = c->call;",
          ...this.#points(),
          ...loads,
          ...this.#whole.flatMap((out) => this.#tileLines(out, "column", whereDense)),
          ...this.#scalars.lines(0),
          // Copies, for what is stored might lie where a state does: a compiler would write the state back at every step.
          ...(this.#numbers.length === 0 ? [] : [`${this.#name}_numbers numbers = *numbers_state;`]),
          ...block(`for (int g = 0; g < NR_${this.#real} && g < columns; g += SIG_LANES)`, [
            "const int64_t x = column + g, n = sig_least(SIG_LANES, columns - g);",
            "(void)x, (void)n;",
            ...(reduces ? ["const i32v live = first_lanes(n);"] : []),
            ...(this.#columns.length === 0 ? [] : [`${this.#name}_columns below = columns_state[g / SIG_LANES];`]),
            ...this.#scalars.lines(1),
            ...carried.map(({ name, type }) => `${type} ${name}_of[SIG_MR];`),
            ...stages.flatMap(({ lines, takes, leaves }, stage) =>
              block("SIG_UNROLL_ROWS for (int64_t y = row; y < row + rows; y++)", [
                ...takes.map(named).map(({ name, type }) => `const ${type} ${name} = ${name}_of[y - row];`),
                ...lines,
                ...leaves.map(named).map(({ name }) => `${name}_of[y - row] = ${name};`),
                ...(stage === stages.length - 1 ? last : []),
              ]),
            ),
            ...(this.#columns.length === 0 ? [] : ["columns_state[g / SIG_LANES] = below;"]),
          ]),
          ...this.#numbers.flatMap(({ reducer, place }) => reducer.flush(`numbers.r${place}`)),
          ...(this.#numbers.length === 0 ? [] : ["*numbers_state = numbers;"]),
        ],
      ),
      "",
    ];
  }
  /** What the epilogue reads, with its place among the scalars. */
  #loads(): readonly (readonly [Load, number])[] {
    return this.#kernel.scalars.flatMap((scalar, k) =>
      scalar.kind === "load" && this.#scalars.needed.has(k) ? [[scalar, k] as const] : [],
    );
  }
  /** Whether all that changes with the columns lies side by side along them. */
  #dense(): string {
    const { column } = this.#roles;
    const steps = [
      ...this.#loads().flatMap(([{ operand, access }]) => (access.includes(column) ? [strideAlong(operand, access, column)] : [])),
      ...this.#whole.map((out) => strideAlong(out.operand, axesOf(out).access, column)),
    ];
    return steps.length === 0 ? "1" : [...new Set(steps)].map((step) => `${step} == 1`).join(" && ");
  }
  #loadLines({ operand, access }: Load, k: number, known = ""): CText {
    const { row, column, points } = this.#roles;
    return [
      `const ${elementType(this.#kernel.operands[operand]?.dtype ?? "f32")} *p${k} = ${pointerAt(this.#kernel, operand, access, points, (dim) => `i${dim}`)};`,
      ...(access.includes(row) ? [`const int64_t dy${k} = ${strideAlong(operand, access, row)};`] : []),
      ...(access.includes(column) ? [`const int64_t dx${k} = ${known}${strideAlong(operand, access, column)};`] : []),
    ];
  }
  /** As for all of it, and moved to where a panel of columns begins: from there on x counts as it does in rows. */
  #tileLines(out: KernelOut, column: string, known = ""): CText {
    const lines = this.#wholeLines(out, known);
    if (!storesPanels(this.#kernel, this.#roles, out)) return lines;
    const { operand } = out;
    return [
      ...lines,
      `if (call->operand[${operand}].panel) w${this.#kernel.outs.indexOf(out)} += ${column} / NR_${this.#real} * call->operand[${operand}].panel - (${column});`,
    ];
  }
  #wholeLines(out: KernelOut, known = ""): CText {
    const { row, column, points } = this.#roles;
    const k = this.#kernel.outs.indexOf(out);
    const { access } = axesOf(out);
    return [
      `${elementType(this.#kernel.operands[out.operand]?.dtype ?? "f32")} *w${k} = ${pointerAt(this.#kernel, out.operand, access, points, (dim) => `i${dim}`)};`,
      `const int64_t wy${k} = ${strideAlong(out.operand, access, row)}, wx${k} = ${known}${strideAlong(out.operand, access, column)};`,
      `(void)wy${k}, (void)wx${k};`,
    ];
  }

  /** A task's rows, and all columns of the block or SIG_TASK_COLUMNS panels of them. */
  #task(): CText {
    const name = this.#name;
    const real = this.#real;
    const c = this.#cReal();
    const { kept } = this.#kernel;
    const start = (list: readonly Reduced[], state: string): CText => list.map(({ reducer, place }) => reducer.start(`${state}.r${place}`));
    const flushRows = this.#rows.flatMap(({ reducer, place }) => reducer.flush(`rows_state[r].r${place}`));
    const states = this.#states()
      .map(([kind]) =>
        kind === "rows" ? ", rows_state + (row - first)" : kind === "columns" ? ", columns_state + column / SIG_LANES" : ", numbers_state",
      )
      .join("");
    const flushColumns = this.#columns.flatMap(({ reducer, place }) => reducer.flush(`columns_state[v].r${place}`));
    return [
      ...block(`static void ${name}_task(void *job, int64_t task, int64_t thread)`, [
        "const sig_contract *c = job;",
        "const sig_call *call = c->call;",
        "const int last = c->k + c->k_count >= c->inner, whole = c->k_count >= c->inner;",
        "const int64_t row_tasks = sig_row_tasks(c->kernel, c->row_count);",
        "const sig_rows mine = sig_task_rows(c, task % row_tasks);",
        "const int64_t first = mine.first, rows = mine.count;",
        `const int64_t panels = sig_parts(c->column_count, NR_${real});`,
        ...(this.#isGrid()
          ? ["const int64_t from = task / row_tasks * SIG_TASK_COLUMNS, to = sig_least(panels, from + SIG_TASK_COLUMNS);"]
          : ["const int64_t from = 0, to = panels;"]),
        `const int dense = ${this.#dense()};`,
        "(void)call, (void)thread;",
        ...(this.#rows.length === 0
          ? []
          : [
              `${name}_rows rows_state[SIG_TASK_PANELS * SIG_MR];`,
              ...block("for (int r = 0; r < SIG_TASK_PANELS * SIG_MR; r++)", start(this.#rows, "rows_state[r]")),
              ...this.#resumeRows(),
            ]),
        ...(this.#columns.length === 0
          ? []
          : [
              `${name}_columns *columns_state = sig_columns_slot(c, task);`,
              ...block(`if (last) for (int64_t v = 0; v < panels * NR_${real} / SIG_LANES; v++)`, start(this.#columns, "columns_state[v]")),
            ]),
        ...(this.#numbers.length === 0
          ? []
          : [
              `${name}_numbers *numbers_state = sig_numbers_slot(c, task);`,
              ...block("if (last)", start(this.#numbers, "(*numbers_state)")),
            ]),
        `${c} own[SIG_MR * NR_${real}] __attribute__((aligned(64)));`,
        ...block("for (int64_t panel = from; panel < to; panel++)", [
          `const int64_t column = panel * NR_${real};`,
          ...(kept === undefined ? ["sig_pack(c, first, rows, column);"] : []),
          ...block("for (int64_t row = first; row < first + rows; row += SIG_MR)", [
            "/* Tiles that wait for more of k lie in the order of panels of rows, then of columns. */",
            `${c} *tile = whole ? own : (${c} *)c->sums + (row / SIG_MR * panels + panel) * SIG_MR * NR_${real};`,
            ...this.#prefetch(),
            ...(kept === undefined
              ? [
                  // What is fetched ahead is there: each fetch from a page that nobody has written walks the page tables, and keeps nothing.
                  "const int64_t after = row + SIG_MR, ends = panel + 1 == to ? c->row_count : first + rows;",
                  "const int64_t next = after < ends ? after : first;",
                  `micro_${real}(c->column_count - column, c->k_count, sig_left_from(c, row), next - row, (const ${c} *)c->right + column * c->k_count, tile, c->k == 0);`,
                ]
              : this.#readKept(kept)),
            ...block("if (last)", [
              `const int64_t tall = sig_least(SIG_MR, c->row_count - row), wide = sig_least(NR_${real}, c->column_count - column);`,
              `if (dense && tall == SIG_MR && wide == NR_${real}) ${name}_epilogue(c, 1, tile, c->row + row, SIG_MR, c->column + column, NR_${real}${states});`,
              `else ${name}_epilogue(c, 0, tile, c->row + row, tall, c->column + column, wide${states});`,
            ]),
          ]),
        ]),
        ...(flushColumns.length === 0
          ? []
          : block(`if (last) for (int64_t v = 0; v < panels * NR_${real} / SIG_LANES; v++)`, flushColumns)),
        ...(this.#rows.length === 0
          ? []
          : block("if (last)", [
              ...this.#points(),
              ...this.#rows.flatMap(({ out }) => this.#wholeLines(out)),
              ...block("for (int64_t r = 0; r < rows; r++)", [
                ...flushRows,
                ...this.#put(this.#rows, (place) => `rows_state[r].r${place}`, "0", rowPlace, "c->column > 0"),
              ]),
            ])),
      ]),
      "",
    ];
  }

  /** Register tiles of sums that are there already. */
  #readKept({ operand, access }: NonNullable<KernelOf<"contract">["kept"]>): CText {
    const { row, column, points } = this.#roles;
    const real = this.#real;
    return [
      "if (last) {",
      [
        ...this.#points(),
        `const ${this.#cReal()} *kept = ${pointerAt(this.#kernel, operand, access, points, (dim) => `i${dim}`)};`,
        `const int64_t sy = ${strideAlong(operand, access, row)}, sx = ${strideAlong(operand, access, column)};`,
        `const int64_t width = sig_least(NR_${real}, c->column_count - column);`,
        ...block("for (int64_t y = 0; y < sig_least(SIG_MR, c->row_count - row); y++)", [
          `${this.#cReal()} *to = tile + y * NR_${real};`,
          `const ${this.#cReal()} *from = kept + (c->row + row + y) * sy + (c->column + column) * sx;`,
          "if (sx == 1) __builtin_memcpy(to, from, (size_t)width * sizeof *to);",
          "else for (int64_t x = 0; x < width; x++) to[x] = from[x * sx];",
        ]),
      ],
      "}",
    ];
  }

  /** From states to memory. */
  #put(list: readonly Reduced[], state: (place: number) => string, lane: string, at: (k: number) => string, again: string): CText {
    return list
      .toSorted((a, b) => indicesFirst(a.out, b.out))
      .flatMap(({ out, place, reducer }): CText => {
        const merges = reducer.resume !== null && list === this.#rows ? "0" : this.#merges(out, [again]);
        return ["{", reducer.put(state(place), lane, placeOf(this.#kernel, out, at), merges), "}"];
      });
  }
  #resumeRows(): CText {
    const resumed = this.#rows.filter(({ reducer }) => reducer.resume !== null);
    if (resumed.length === 0) return [];
    return block("if (last)", [
      ...this.#points(),
      ...this.#rows.flatMap(({ out }) => this.#wholeLines(out)),
      ...block(
        "for (int64_t r = 0; r < rows; r++)",
        resumed.flatMap(({ out, place, reducer }) => [
          `if ${this.#merges(out, ["c->column > 0"])}`,
          [...(reducer.resume?.(`rows_state[r].r${place}`, placeOf(this.#kernel, out, rowPlace)) ?? [])],
        ]),
      ),
    ]);
  }
  /** Whether something is there: from earlier blocks of the plan, from earlier points of this call, or where `again` says so. */
  #merges(out: KernelOut, again: readonly string[]): string {
    const earlier = this.#roles.points.filter((dim) => !out.access.includes(dim)).map((dim) => `i${dim} > 0`);
    return `(${[`call->accumulate[${this.#kernel.outs.indexOf(out)}]`, ...again, ...earlier].join(" || ")})`;
  }

  /** What the epilogue will read and write at each point is on its way while the products are added up. */
  #prefetch(): CText {
    const { row, column } = this.#roles;
    const read = this.#loads().filter(([{ access }]) => access.includes(row) && access.includes(column));
    const lines = [
      ...read.map(([, k]) => `__builtin_prefetch(p${k} + y * dy${k} + x * dx${k});`),
      ...this.#whole.map((out) => {
        const k = this.#kernel.outs.indexOf(out);
        return `__builtin_prefetch(w${k} + y * wy${k} + x * wx${k}, 1);`;
      }),
    ];
    if (lines.length === 0) return [];
    return [
      ...block("if (last)", [
        ...this.#points(),
        ...read.flatMap(([load, k]) => this.#loadLines(load, k)),
        ...this.#whole.flatMap((out) => this.#tileLines(out, "c->column + column")),
        ...block("for (int64_t y = c->row + row; y < c->row + sig_least(c->row_count, row + SIG_MR); y++)", [
          `for (int64_t x = c->column + column; x < c->column + sig_least(c->column_count, column + NR_${this.#real}); x += SIG_LANES) {`,
          lines,
          "}",
        ]),
      ]),
    ];
  }

  /** Joins the slots of all tasks: one panel of columns, or, behind the last, what becomes one number. */
  #fold(): CText {
    const name = this.#name;
    const real = this.#real;
    const panels = `sig_parts(c->column_count, NR_${real})`;
    const columns: CText =
      this.#columns.length === 0
        ? []
        : [
            ...block(`for (int64_t v = panel * NR_${real} / SIG_LANES; v < (panel + 1) * NR_${real} / SIG_LANES; v++)`, [
              `${name}_columns state = ((const ${name}_columns *)sig_columns_slot(c, 0))[v];`,
              ...block("for (int64_t task = 1; task < tasks; task++)", [
                `const ${name}_columns next = ((const ${name}_columns *)sig_columns_slot(c, task))[v];`,
                ...this.#columns.flatMap(({ reducer, place }) => reducer.join(`state.r${place}`, `next.r${place}`)),
              ]),
              ...this.#columns.flatMap(({ out }) => this.#wholeLines(out)),
              ...block("for (int l = 0; l < SIG_LANES && v * SIG_LANES + l < c->column_count; l++)", [
                ...this.#put(
                  this.#columns,
                  (place) => `state.r${place}`,
                  "l",
                  (k) => `(w${k} + (c->column + v * SIG_LANES + l) * wx${k})`,
                  "c->row > 0",
                ),
              ]),
            ]),
          ];
    const numbers: CText =
      this.#numbers.length === 0
        ? []
        : [
            `${name}_numbers state = *(const ${name}_numbers *)sig_numbers_slot(c, 0);`,
            ...block("for (int64_t task = 1; task < tasks; task++)", [
              `const ${name}_numbers next = *(const ${name}_numbers *)sig_numbers_slot(c, task);`,
              ...this.#numbers.flatMap(({ reducer, place }) => reducer.join(`state.r${place}`, `next.r${place}`)),
            ]),
            ...this.#numbers.flatMap(({ out }) => this.#wholeLines(out)),
            ...this.#put(
              this.#numbers,
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
        ...this.#points(),
        ...(columns.length === 0 ? [] : [`if (panel < ${panels}) {`, columns, "return;", "}"]),
        ...numbers,
      ]),
      "",
    ];
  }
}
