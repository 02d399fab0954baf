/** The tasks of the `eval` block: `task retrieval(image: zi, text: zt)`. */
import type { EvalBlock, Expr } from "../../grammar/ast.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import type { Related } from "../../grammar/diagnostic.js";
import type { Span } from "../../grammar/span.js";
import { messages } from "../check/messages.js";
import type { Operand } from "../check/operand.js";
import { comesFrom, refuse } from "../check/refusal.js";
import { describe, type Region, type Tensor } from "../check/value.js";
import { type BatchId, plainBatch } from "../graph/size.js";
import { isFloat } from "../graph/type.js";
import { Arguments } from "./arguments.js";
import { calleeOf } from "./call-form.js";
import type { Elaboration } from "./elaboration.js";
import type { EvalSpec, EvalTask, EvalValue } from "./eval-spec.js";
import { given } from "./expression.js";

type Read = { readonly args: Arguments; readonly inputs: readonly string[]; readonly span: Span };
type Form = { readonly form: string; readonly make: (read: Read) => EvalTask };

const tasks: { readonly [K in EvalTask["kind"]]: Form } = {
  retrieval: { form: "image, text, image_id = sample, text_id = sample", make: retrieval },
  zero_shot: { form: 'image, text, label, classes, templates = "{}"', make: zeroShot },
};
const isTask = (name: string): name is EvalTask["kind"] => Object.hasOwn(tasks, name);

/** null where there is no task. `inputs`: the names of all. */
export function evalSpec(e: Elaboration, scope: Region, inputs: readonly string[], block: EvalBlock): EvalSpec | null {
  const made = block.tasks.map((task) => e.report.attempt(() => taskOf(e, scope, inputs, task), null)).filter((task) => task !== null);
  return made.length === 0 ? null : { tasks: made, span: block.span };
}

function taskOf(e: Elaboration, scope: Region, inputs: readonly string[], expr: Expr): EvalTask {
  const names = Object.keys(tasks);
  const known = names.map((name) => `\`${name}(…)\``).join(", ");
  const callee = expr.kind === "call" ? expr.callee : expr;
  if (callee.kind !== "name") refuse(messages.methodNeedsCall, expr.span, { what: "task", known });
  if (!isTask(callee.name))
    refuse(messages.unknownMethod, callee.span, { what: "task", name: callee.name, known }, { meant: didYouMean(callee.name, names) });
  const { form, make } = tasks[callee.name];
  const args = new Arguments(calleeOf(callee.name, form), expr.kind === "call" ? given(e, scope, expr.args) : [], expr.span);
  return make({ args, inputs, span: expr.span });
}

function retrieval({ args, inputs, span }: Read): EvalTask {
  const { image, text } = sides(args);
  const [imageId, textId] = [args.find("image_id"), args.find("text_id")];
  if (imageId === null && textId === null) return { kind: "retrieval", image, text, ids: null, span };
  if (imageId === null || textId === null)
    return refuse(messages.taskOneId, (imageId ?? textId)?.span ?? span, { other: imageId === null ? "image_id" : "text_id" });
  const ids = { image: numbersOf(imageId, "image_id", image, inputs), text: numbersOf(textId, "text_id", text, inputs) };
  return { kind: "retrieval", image, text, ids, span };
}

function zeroShot({ args, inputs, span }: Read): EvalTask {
  const { image, text } = sides(args);
  return {
    kind: "zero_shot",
    image,
    text,
    label: numbersOf(args.get("label"), "label", image, inputs),
    classes: fileOf(args.get("classes"), "classes"),
    templates: args.find("templates") === null ? null : fileOf(args.get("templates"), "templates"),
    span,
  };
}

function sides(args: Arguments): { readonly image: EvalValue; readonly text: EvalValue } {
  const [image, text] = [rowsOf(args.get("image"), "image"), rowsOf(args.get("text"), "text")];
  const [left, right] = [image.tensor.dims[1], text.tensor.dims[1]];
  if (image.value.width !== text.value.width)
    refuse(
      messages.taskWidths,
      args.get("text").span,
      { image: image.value.name, imageWidth: image.value.width, text: text.value.name, textWidth: text.value.width },
      { related: [left, right].filter((dim) => dim !== undefined).map(comesFrom) },
    );
  return { image: image.value, text: text.value };
}

const definedAt = ({ named }: Tensor): readonly Related[] =>
  named === null ? [] : [{ span: named.span, message: `\`${named.name}\` is defined here` }];

function rowsOf({ value, span, text }: Operand, what: string): { readonly value: EvalValue; readonly tensor: Tensor } {
  // The text is compared too: `2 * zi` is a value, and not the one that has a name.
  if (value.kind !== "tensor" || value.named?.name !== text)
    return refuse(messages.taskNeedsName, span, { what, found: value.kind === "tensor" ? `\`${text}\`` : describe(value) });
  const [first, second, ...more] = value.dims;
  const batch = first?.size === undefined || first.size === null ? null : plainBatch(first.size);
  const width = second?.constant ?? null;
  if (batch === null || width === null || more.length > 0 || !isFloat(value.dtype))
    return refuse(messages.taskNeedsRows, span, { name: text, found: describe(value) }, { related: definedAt(value) });
  return { value: { name: text, batch, width }, tensor: value };
}

/** The name of an integer input with a number for each row of a side. */
function numbersOf({ value, span, text }: Operand, what: string, side: EvalValue, inputs: readonly string[]): string {
  const found = value.kind === "tensor" && value.named?.name === text && inputs.includes(text) ? value : null;
  const declared = found === null ? describe(value) : `\`${text}\`, ${describe(found)}`;
  const wanted = `i32[${side.batch}]`;
  if (found === null || found.dtype !== "i32" || found.dims.length !== 1 || batchOf(found) !== side.batch)
    return refuse(
      messages.taskNumbers,
      span,
      { what, found: declared, wanted, side: side.name },
      { related: found === null ? [] : definedAt(found) },
    );
  return text;
}

function batchOf({ dims }: Tensor): BatchId | null {
  const size = dims[0]?.size ?? null;
  return size === null ? null : plainBatch(size);
}

function fileOf({ value, span }: Operand, what: string): string {
  if (value.kind !== "string")
    return refuse(messages.wrongKind, span, { what: `\`${what}\``, wanted: "the name of a file", found: describe(value) });
  return value.value;
}
