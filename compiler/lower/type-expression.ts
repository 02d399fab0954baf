/** `f32[n, width]` as a type: declared by an input or a parameter, or met by a module's argument. */
import type { Expr, TypeExpr } from "../../grammar/ast.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import type { Span } from "../../grammar/span.js";
import { sizeValue } from "../check/arithmetic.js";
import { Dimension } from "../check/dimension.js";
import { dtypes, isDType } from "../check/dtypes.js";
import { messages } from "../check/messages.js";
import { comesFrom, refuse } from "../check/refusal.js";
import { spell } from "../check/spelling.js";
import type { NumberValue, SizeValue, Tensor, Region } from "../check/value.js";
import { asNumber } from "../graph/size.js";
import { type DType, isFloat } from "../graph/type.js";
import { sizeOf } from "./arguments.js";
import type { Elaboration } from "./elaboration.js";
import { evaluate } from "./expression.js";

export function dtypeOf({ dtype }: TypeExpr): DType {
  const { name, span } = dtype;
  if (isDType(name)) return name;
  return refuse(messages.unknownDType, span, { name }, { meant: didYouMean(name, dtypes) });
}

/** Every axis of a declared type; a bare name keeps the origin of its value where `inherit` is set. */
export function declaredDims(e: Elaboration, scope: Region, type: TypeExpr, words: string, inherit: boolean): readonly Dimension[] {
  return type.dims.map((dim) => {
    if (dim.kind === "ellipsis") refuse(messages.ellipsisInInput, dim.span, {});
    return dimension(e, scope, dim, words, inherit);
  });
}

function dimension(e: Elaboration, scope: Region, expr: Expr, words: string, inherit: boolean): Dimension {
  const value = evaluate(e, scope, expr);
  const size = sizeOf({ value, span: expr.span }, `The size \`${spell(expr)}\``);
  const plain = asNumber(size);
  if (plain !== null && plain < 1) refuse(messages.outOfBounds, expr.span, { what: "A size", wanted: "at least 1", found: plain });
  const inherited = inherit && expr.kind === "name" && (value.kind === "number" || value.kind === "size") ? value.origin : null;
  return Dimension.of(size, inherited ?? { span: expr.span, words });
}

/** Who wants the type, for messages. */
export type Wanted = { readonly row: "input" | "return"; readonly callee: string; readonly input: string; readonly span: Span };

export function printType(type: TypeExpr): string {
  const dims = type.dims.map((dim) => (dim.kind === "ellipsis" ? "..." : spell(dim)));
  return dims.length === 0 ? type.dtype.name : `${type.dtype.name}[${dims.join(", ")}]`;
}

/**
 * Holds a value against a module's type. `...` covers any leading axes; a name that nothing defines yet is bound to
 * the size that it meets, and `bind` makes it known.
 */
export function matchType(
  e: Elaboration,
  scope: Region,
  type: TypeExpr,
  value: Tensor,
  wanted: Wanted,
  bind: (name: string, span: Span, size: NumberValue | SizeValue) => void,
): void {
  const dtype = dtypeOf(type);
  const fits = value.dtype === dtype || (isFloat(dtype) && isFloat(value.dtype));
  if (!fits) mismatch(type, value, wanted);
  const rest = type.dims.findIndex((dim) => dim.kind === "ellipsis");
  const fixed = rest < 0 ? type.dims.length : type.dims.length - 1;
  if (rest < 0 ? value.dims.length !== fixed : value.dims.length < fixed) mismatch(type, value, wanted);
  const skipped = value.dims.length - fixed;
  const pairs = type.dims.flatMap((dim, k) => {
    const axis = value.dims[rest >= 0 && k > rest ? k - 1 + skipped : k];
    return dim.kind === "ellipsis" || axis === undefined ? [] : [{ dim, axis }];
  });
  // Names first, so that a later `2 * c` sees them.
  const written = pairs.filter(({ dim, axis }) => {
    if (dim.kind !== "name" || scope.peek(dim.name) !== null) return true;
    if (axis.size === null)
      refuse(messages.notCompileTime, wanted.span, { what: `The size \`${dim.name}\``, found: "not known before this line" });
    bind(dim.name, dim.span, sizeValue(axis.size, axis.origin));
    return false;
  });
  for (const { dim, axis } of written) {
    const want = dimension(e, scope, dim, `${wanted.row === "input" ? `\`${wanted.input}\`` : "the result"} of \`${wanted.callee}\``, true);
    if (!want.unify(axis)) mismatch(type, value, wanted, [comesFrom(want), comesFrom(axis)]);
  }
}

function mismatch(
  type: TypeExpr,
  value: Tensor,
  { row, callee, input, span }: Wanted,
  related: readonly { span: Span; message: string }[] = [],
): never {
  const text = { name: callee, wanted: printType(type), found: printValue(value) };
  const places = related.length > 0 ? related : [{ span: type.span, message: `${printType(type)} is wanted here` }];
  if (row === "input") refuse(messages.wrongInput, span, { ...text, input }, { related: places });
  refuse(messages.wrongReturn, span, text, { related: places });
}

const printValue = (t: Tensor): string => (t.dims.length === 0 ? t.dtype : `${t.dtype}[${t.dims.map((dim) => dim.text).join(", ")}]`);
