/** contract with rows and columns: its functions, and the table by which c/contract.h calls them. */
import { factorDims, innerDims } from "../../../../compiler/kernel/factor.js";
import type { Factor, KernelOf } from "../../../../compiler/kernel/kernel.js";
import type { CText } from "./c-text.js";
import { emitEpilogue, emitStateTypes } from "./epilogue.js";
import { emitFold } from "./fold.js";
import { MatrixProduct, type Reduced } from "./matrix-product.js";
import { pointCount, pointerAt, strideAlong } from "./operands.js";
import { emitPack, type Side } from "./pack.js";
import { leftPanels, plainLeft } from "./panels.js";
import { type EmittedKernel, emitPoints } from "./points.js";
import { rolesOf } from "./roles.js";
import { emitTask } from "./task.js";

export function emitContract(name: string, kernel: KernelOf<"contract">): EmittedKernel {
  const roles = rolesOf(kernel);
  return roles === null ? emitPoints(name, kernel) : emitProduct(new MatrixProduct(name, kernel, roles));
}

function emitProduct(product: MatrixProduct): EmittedKernel {
  const { name, kernel, roles, real, columns, numbers } = product;
  const { row, column, points, left, right } = roles;
  // Kept sums are read where they lie.
  const packs = kernel.kept === undefined;
  const free = kernel.outs.every((out) => points.every((dim) => out.access.includes(dim)));
  const same = (factor: Factor): number => (factorDims(factor).some((dim) => points.includes(dim)) ? 0 : 1);
  const has = (list: readonly Reduced[], type: string): string => (list.length === 0 ? "0" : `sizeof(${name}_${type})`);
  return {
    functions: [
      ...(packs ? [...packOf(product, "left", row), ...packOf(product, "right", column)] : []),
      ...emitStateTypes(product),
      ...emitEpilogue(product),
      ...emitTask(product),
      ...emitFold(product),
      ...emitPlain(product),
      `static const sig_contract_kernel ${name}_kernel = {`,
      [
        `.element_bytes = sizeof(${product.element}), .tile_columns = NR_${real}, .points_free = ${free ? 1 : 0}, .grid = ${product.isGrid ? 1 : 0},`,
        `.left_free = ${same(left)}, .right_free = ${same(right)},`,
        `.column_state_bytes = ${has(columns, "columns")}, .state_bytes = ${has(numbers, "numbers")},`,
        leftOrder(product),
        ...(plainLeft(kernel, roles) === null ? [] : [`.plain = ${name}_plain, .plain_steps = ${name}_plain_steps,`]),
        ...(packs ? [`.left = ${name}_left, .right = ${name}_right,`] : []),
        `.task = ${name}_task, .fold = ${name}_fold,`,
      ],
      "};",
      "",
    ],
    body: [
      `const int64_t points[] = {${Array.from({ length: Math.max(1, kernel.dims) }, (_, dim) => (points.includes(dim) ? `call->extent[${dim}]` : "1")).join(", ")}};`,
      `sig_contract_run(call, &${name}_kernel, call->extent[${row}], call->extent[${column}], ${pointCount(innerDims(kernel))}, points, ${Math.max(1, kernel.dims)});`,
    ],
  };
}

function leftOrder({ kernel, roles }: MatrixProduct): string {
  const left = leftPanels(kernel, roles);
  return `.left_operand = ${left?.operand ?? -1}, .left_order = ${left === null ? "SIG_PACKED" : left.order === "rows" ? "SIG_ROWS" : "SIG_COLUMNS"},`;
}

const packOf = (product: MatrixProduct, side: Side, across: number): CText =>
  emitPack(product.name, product.kernel, { side, factor: product.roles[side], across, points: product.points(), real: product.real });

/** Where the left factor lies as it is: it may be read there. */
function emitPlain(product: MatrixProduct): CText {
  const { name, kernel, roles } = product;
  const load = plainLeft(kernel, roles);
  if (load === null) return [];
  const { operand, access } = load;
  const step = (dim: number): string => strideAlong(operand, access, dim);
  return [
    `static const void *${name}_plain(const sig_contract *c) {`,
    [
      "const sig_call *call = c->call;",
      ...product.points(),
      `return ${pointerAt(kernel, operand, access, roles.points, (dim) => `i${dim}`)};`,
    ],
    "}",
    `static void ${name}_plain_steps(const sig_call *call, int64_t *row, int64_t *product) {`,
    [`*row = ${step(roles.row)};`, `*product = ${step(kernel.dims - 1)};`],
    "}",
    "",
  ];
}
