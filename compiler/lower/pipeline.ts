/** A pipeline's members, in order: what modules have too, and what makes it a program of its own. */
import type { BatchDecl, ConfigDecl, Expr, Ident, InputDecl, Member, MetricDecl, OutputDecl, PipelineDecl } from "../../grammar/ast.js";
import type { Span } from "../../grammar/span.js";
import { messages } from "../check/messages.js";
import { mistake, refuse, staySilent } from "../check/refusal.js";
import { Scope } from "../check/scope.js";
import { spell } from "../check/spelling.js";
import { describe, errorValue, printTensor, type Tensor, type Value, type Region } from "../check/value.js";
import { batch, type BatchId, plainBatch } from "../graph/size.js";
import type { Type } from "../graph/type.js";
import { conform, parseSetting, wantedText } from "./config.js";
import { blockOnce, dataSpec, type EntryInputs } from "./data.js";
import type { DataSpec } from "./data-spec.js";
import type { Elaboration } from "./elaboration.js";
import { evalSpec } from "./eval.js";
import type { EvalSpec } from "./eval-spec.js";
import { evaluate } from "./expression.js";
import { announce, define, definition, shared } from "./members.js";
import { anyTensor, floatTensor } from "./operand.js";
import type { ConfigSetting, InputDecl as InputType, ResultDecl, ResultKind, TrainSpec } from "./program.js";
import { tensor } from "./tensor.js";
import { trainSpec } from "./train.js";
import { declaredDims, dtypeOf } from "./type-expression.js";

/** `--set` that does not fit: a mistake of the command line, not of the file. */
export type BadSetting = { readonly name: string; readonly text: string; readonly wanted: string };

export class PipelineElaboration {
  readonly #e: Elaboration;
  readonly #scope: Region;
  readonly #sets: ReadonlyMap<string, string>;
  readonly batches: { readonly id: BatchId; readonly span: Span }[] = [];
  readonly configs: ConfigSetting[] = [];
  readonly inputs: InputType[] = [];
  readonly results: { readonly decl: ResultDecl; readonly value: Tensor }[] = [];
  readonly badSettings: BadSetting[] = [];
  train: TrainSpec | null = null;
  data: DataSpec | null = null;
  /** The eval block's own entries. */
  evalEntries: DataSpec | null = null;
  evaluation: EvalSpec | null = null;
  /** Also set where the definition of the loss is wrong. */
  #lossAt: Span | null = null;
  #trainAt: Span | null = null;

  constructor(e: Elaboration, file: Region, sets: ReadonlyMap<string, string>) {
    this.#e = e;
    this.#scope = new Scope(file);
    this.#sets = sets;
  }

  run(pipeline: PipelineDecl): void {
    announce(this.#scope, pipeline.members);
    const last = (member: Member): boolean => member.kind === "train" || member.kind === "data" || member.kind === "eval";
    for (const member of pipeline.members) if (!last(member)) this.#member(member, pipeline);
    // Last, since they name inputs and parameters from anywhere in the file.
    for (const member of pipeline.members) if (last(member)) this.#member(member, pipeline);
    this.#finish(pipeline);
  }

  /** The pipeline's own tensors by name, in the order of the file. */
  values(pipeline: PipelineDecl): readonly (readonly [name: string, value: Tensor])[] {
    const names = pipeline.members.flatMap(namesOf);
    return names.flatMap((name) => {
      const value = this.#scope.peek(name)?.value;
      return value?.kind === "tensor" ? [[name, value] as const] : [];
    });
  }

  #member(member: Member, pipeline: PipelineDecl): void {
    const { report } = this.#e;
    switch (member.kind) {
      case "batch":
        return this.#batch(member);
      case "config":
        return this.#config(member);
      case "input":
        return this.#input(member);
      case "metric":
        return this.#metric(member);
      case "output":
        return this.#output(member);
      case "definition": {
        const value = definition(this.#e, this.#scope, member, "");
        if (member.name.name === "loss") this.#loss(member.name, member.value, value);
        return;
      }
      case "train":
        if (this.#trainAt !== null)
          return report.add(
            mistake(messages.trainTwice, member.span, {}, { related: [{ span: this.#trainAt, message: "the first one" }] }),
          );
        this.#trainAt = member.span;
        this.train = trainSpec(this.#e, this.#scope, member);
        return;
      case "data":
        if (!blockOnce(this.#e, "a `data`", member.span, this.data?.span ?? null)) return;
        this.data = dataSpec(this.#e, this.#scope, this.#entryInputs(pipeline), member);
        return;
      case "eval":
        if (!blockOnce(this.#e, "an `eval`", member.span, this.evalEntries?.span ?? null)) return;
        this.evalEntries = dataSpec(this.#e, this.#scope, this.#entryInputs(pipeline), member);
        this.evaluation = evalSpec(this.#e, this.#scope, this.#entryInputs(pipeline).names, member);
        return;
      case "param":
      case "layer":
      case "encoder":
        return shared(this.#e, this.#scope, member, "");
    }
  }

  #batch({ names }: BatchDecl): void {
    for (const ident of names) {
      const { name, span } = ident;
      define(this.#e, this.#scope, ident, "a batch", { kind: "size", size: batch(name), origin: { span, words: `batch \`${name}\`` } });
      this.batches.push({ id: name, span });
    }
  }

  #config(decl: ConfigDecl): void {
    const { name, type } = decl;
    const value = this.#e.report.attempt((): Value => {
      const origin = { span: decl.span, words: `config \`${name.name}\`` };
      // Checked even where --set replaces it, so that a file is right or wrong by itself.
      const own = conform(name.name, type, { value: evaluate(this.#e, this.#scope, decl.value), span: decl.value.span }, origin);
      const text = this.#sets.get(name.name);
      if (text === undefined) return this.#setting(name, own, "file");
      const parsed = parseSetting(text, type);
      const allowed = parsed !== null && (type.kind !== "choice" || type.options.some((option) => option.value === text));
      if (!allowed) {
        this.badSettings.push({ name: name.name, text, wanted: wantedText(type) });
        return own;
      }
      return this.#setting(name, conform(name.name, type, { value: parsed, span: decl.span }, origin), "set");
    }, errorValue);
    define(this.#e, this.#scope, name, "a config", value);
  }

  #setting({ name, span }: Ident, value: Value, origin: "file" | "set"): Value {
    if (value.kind === "number" || value.kind === "bool" || value.kind === "string")
      this.configs.push({ name, value: value.value, origin, span });
    else if (value.kind === "size") refuse(messages.notCompileTime, span, { what: `\`${name}\``, found: describe(value) });
    return value;
  }

  #input(decl: InputDecl): void {
    const { name, span } = decl;
    const value = this.#e.report.attempt((): Value => {
      const dtype = dtypeOf(decl.type);
      const dims = declaredDims(this.#e, this.#scope, decl.type, `input \`${name.name}\``, false);
      const type: Type = { dtype, shape: dims.map((dim) => dim.closed) };
      this.inputs.push({ name: name.name, type, span });
      const made = tensor({ e: this.#e, span }, { dtype, indices: [], dims }, [], (b) =>
        b.emit("input", [], { name: name.name, role: "data", type }),
      );
      this.#e.keep(name.name, made);
      return made;
    }, errorValue);
    define(this.#e, this.#scope, name, "an input", value);
  }

  // From the syntax, so that an input with a mistake is still a known name.
  #entryInputs({ members }: PipelineDecl): EntryInputs {
    return { decls: this.inputs, names: members.flatMap((member) => (member.kind === "input" ? [member.name.name] : [])) };
  }

  #loss(name: Ident, expr: Expr, value: Value): void {
    // A second loss is reported as a second definition.
    if (this.#lossAt !== null) return;
    this.#lossAt = name.span;
    this.#scope.find(name.name);
    this.#result(name, "loss", expr, value);
  }

  #metric(decl: MetricDecl): void {
    const value = evaluate(this.#e, this.#scope, decl.value);
    define(this.#e, this.#scope, decl.name, "a metric", value);
    this.#result(decl.name, "metric", decl.value, value);
  }

  #output({ names, value: expr }: OutputDecl): void {
    for (const name of names) {
      if (expr === null) {
        const value = evaluate(this.#e, this.#scope, { kind: "name", ...name });
        this.#result(name, "output", { kind: "name", ...name }, value);
        continue;
      }
      const value = evaluate(this.#e, this.#scope, expr);
      define(this.#e, this.#scope, name, "an output", value);
      this.#result(name, "output", expr, value);
    }
  }

  #result(ident: Ident, kind: ResultKind, expr: Expr, value: Value): void {
    const { name, span } = ident;
    this.#e.report.attempt(() => {
      const earlier = this.results.find(({ decl }) => decl.name === name);
      if (earlier !== undefined)
        refuse(messages.resultTwice, span, { name }, { related: [{ span: earlier.decl.span, message: "here first" }] });
      if (value.kind === "error") staySilent();
      const site = { e: this.#e, span: expr.span };
      const operand = { value, span: expr.span, text: spell(expr) };
      const result = kind === "output" ? anyTensor(site, operand, `\`${name}\``) : floatTensor(site, operand, name);
      if (kind !== "output" && result.dims.length > 0) refuse(messages.lossNotScalar, expr.span, { name, found: printTensor(result) });
      this.#e.keep(name, result);
      this.results.push({ decl: { name, kind, span }, value: result });
    }, undefined);
  }

  #finish(pipeline: PipelineDecl): void {
    const { report } = this.#e;
    if (report.failed) return;
    if (this.#lossAt === null && this.results.length === 0 && this.evaluation === null)
      report.add(mistake(messages.noLoss, pipeline.name.span, {}));
    else if (this.#lossAt === null && this.#trainAt !== null) report.add(mistake(messages.trainWithoutLoss, this.#trainAt, {}));
    this.#e.closeRanges();
    if (report.failed) return;
    const kept = new Set(this.results.map(({ decl }) => decl.name));
    for (const { name, span, what } of this.#scope.unused()) {
      if (kept.has(name)) continue;
      if (what === "an input") report.add(mistake(messages.unusedInput, span, { name }));
      if (what === "a parameter") report.add(mistake(messages.unusedParam, span, { name }));
    }
    for (const { id, span } of this.batches)
      if (!this.inputs.some(({ type }) => type.shape.some((size) => plainBatch(size) === id)))
        report.add(mistake(messages.batchOfNoInput, span, { name: id }));
  }
}

/** What a member defines as a value of run time. */
function namesOf(member: Member): readonly string[] {
  switch (member.kind) {
    case "input":
    case "definition":
    case "metric":
      return [member.name.name];
    case "output":
      return member.value === null ? [] : member.names.map(({ name }) => name);
    default:
      return [];
  }
}
