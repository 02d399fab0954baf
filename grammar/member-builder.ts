/** CST → members of pipelines and modules, and the parameters of modules. */
import type { IToken } from "chevrotain";
import type * as ast from "./ast.js";
import type * as cst from "./cst.generated.js";
import type { ExpressionBuilder, Found } from "./expression-builder.js";
import { syntaxMessages as m } from "./messages.js";
import type { Report } from "./report.js";
import type { SourceFile } from "./source-file.js";
import { cover, type Span } from "./span.js";
import { unexpected } from "./syntax-errors.js";

type ValueOf = (node: cst.ExpressionCstNode | undefined) => ast.Expr;
type Parameter = {
  readonly name: ast.Ident;
  readonly type: ast.TypeExpr | (ast.ConfigType & { kind: "choice" }) | null;
  readonly value: ast.Expr | null;
  readonly span: Span;
};
export type Return = { readonly kind: "return"; readonly value: ast.Expr; readonly span: Span; readonly head: Span };

const CONFIG_TYPES = ["int", "float", "bool", "string"] as const;
const isConfigType = (name: string): name is (typeof CONFIG_TYPES)[number] => (CONFIG_TYPES as readonly string[]).includes(name);

export class MemberBuilder {
  readonly #source: SourceFile;
  readonly #x: ExpressionBuilder;
  readonly #reported: Pick<Report, "isLost">;

  constructor(source: SourceFile, expressions: ExpressionBuilder, reported: Pick<Report, "isLost">) {
    this.#source = source;
    this.#x = expressions;
    this.#reported = reported;
  }

  member({ children }: cst.MemberCstNode): ast.Member | Return | null {
    const c = children as Found<cst.MemberCstChildren>;
    if (c.dataBlock) return this.#data(c.dataBlock[0]?.children ?? {});
    if (c.evalBlock) return this.#eval(c.evalBlock[0]?.children ?? {});
    if (c.trainBlock) return this.#train(c.trainBlock[0]?.children ?? {});
    return this.#statement(c.statement?.[0]?.children ?? {});
  }

  #statement(c: Found<cst.StatementCstChildren>): ast.Member | Return | null {
    const broken = this.reportRest(c.rest?.[0]);
    const value = (node: cst.ExpressionCstNode | undefined): ast.Expr => this.#value(node, broken);
    if (c.definition) return this.#definition(c.definition[0]?.children ?? {}, value);
    if (c.paramDeclaration) return this.#param(c.paramDeclaration[0]?.children ?? {}, value);
    if (c.inputDeclaration) return this.#input(c.inputDeclaration[0]?.children ?? {});
    if (c.configDeclaration) return this.#config(c.configDeclaration[0]?.children ?? {}, broken);
    if (c.encoderDeclaration) return this.#encoder(c.encoderDeclaration[0]?.children ?? {}, value);
    if (c.layerDeclaration) return this.#layer(c.layerDeclaration[0]?.children ?? {}, value);
    if (c.metricDeclaration) return this.#metric(c.metricDeclaration[0]?.children ?? {}, value);
    if (c.outputDeclaration) return this.#output(c.outputDeclaration[0]?.children ?? {}, value);
    if (c.batchDeclaration) return this.#batch(c.batchDeclaration[0]?.children ?? {});
    if (c.returnStatement) return this.#return(c.returnStatement[0]?.children ?? {}, value);
    return null;
  }

  /** Reports what is left over at the end of a statement; says whether anything is. */
  reportRest(node: cst.RestCstNode | undefined): boolean {
    const { Word, block } = (node?.children ?? {}) as Found<cst.RestCstChildren>;
    const brace = block?.[0]?.children.LBrace?.[0];
    const first = [Word?.[0], brace].flatMap((token) => token ?? []).sort(byStart)[0];
    if (first === undefined) return false;
    this.#x.leftovers.push(unexpected(this.#source, first, "the end of the statement"));
    return true;
  }

  /** Reports what stands between the head of a block and its `{`. */
  reportStrayWords(node: cst.StrayWordsCstNode | undefined): void {
    const first = node?.children.Word?.[0];
    if (first !== undefined) this.#x.leftovers.push(unexpected(this.#source, first, "`{`"));
  }

  moduleConfigs(node: cst.ParametersCstNode | undefined): ast.ModuleConfig[] {
    return this.#parameters(node).map(({ name, type, value, span }) => {
      if (type === null && value === null) this.#missing(m.missingType, name, { what: "config", example: `${name.name}: int` });
      return { name, type: type === null ? null : this.#configType(type), value, span };
    });
  }

  moduleInputs(node: cst.ParametersCstNode | undefined): ast.ModuleInput[] {
    return this.#parameters(node).map(({ name, type, value, span }) => {
      if (value !== null) this.#x.report(m.inputDefault, value.span, { name: name.name });
      if (type?.kind === "choice") this.#x.report(m.choiceOfInput, type.span, {});
      if (type === null) this.#missing(m.missingType, name, { what: "input", example: `${name.name}: f32[n, d]` });
      return { name, type: type?.kind === "type" ? type : this.#unknownType(), span };
    });
  }

  #parameters(node: cst.ParametersCstNode | undefined): Parameter[] {
    const c = (node?.children ?? {}) as Found<cst.ParametersCstChildren>;
    const parameters = (c.parameter ?? []).flatMap((parameter) => this.#parameter(parameter) ?? []);
    this.#x.span(c.RParen?.[0]);
    return this.#x.separated(parameters, c.Comma);
  }

  #parameter(node: cst.ParameterCstNode | undefined): Parameter | null {
    const c = (node?.children ?? {}) as Found<cst.ParameterCstChildren>;
    const name = this.#x.name(c.Identifier?.[0]);
    if (name === null) return null;
    const type = this.#parameterType(c.parameterType?.[0]);
    if (type !== null) this.#needColon(c.Colon, name, type);
    const value = c.expression === undefined ? null : this.#x.expression(c.expression[0]);
    return { name, type, value, span: this.#x.since(name.span) };
  }

  #parameterType(node: cst.ParameterTypeCstNode | undefined): Parameter["type"] {
    const c = (node?.children ?? {}) as Found<cst.ParameterTypeCstChildren>;
    const options = (c.StringToken ?? []).flatMap((token) => this.#x.string(token) ?? []);
    const [first, last] = [options[0], options.at(-1)];
    if (first === undefined || last === undefined) return this.#x.type(c.typeExpression?.[0]);
    return { kind: "choice", options, span: cover(first.span, last.span) };
  }

  #configType(type: NonNullable<Parameter["type"]>): ast.ConfigType {
    if (type.kind === "choice") return type;
    const { name } = type.dtype;
    if (type.dims.length === 0 && isConfigType(name)) return { kind: "scalar", name, span: type.span };
    this.#x.report(m.notAConfigType, type.span, { found: this.#x.text(type.span) });
    return { kind: "scalar", name: "float", span: type.span };
  }

  /** An array type of which nothing is known: its one size is an error that was reported. */
  #unknownType(): ast.TypeExpr {
    const span = this.#x.here();
    return { kind: "type", dtype: { name: "f32", span }, dims: [this.#x.error(span)], span };
  }

  #batch(c: Found<cst.BatchDeclarationCstChildren>): ast.BatchDecl {
    const head = this.#head(c.Batch);
    const names = this.#x.names(c.names?.[0]);
    return { kind: "batch", names, span: this.#x.since(head) };
  }

  #config(c: Found<cst.ConfigDeclarationCstChildren>, broken: boolean): ast.ConfigDecl | null {
    const head = this.#head(c.Config);
    const parameter = this.#parameter(c.parameter?.[0]);
    if (parameter === null) return null;
    const { name, type, span } = parameter;
    const value = parameter.value === null || broken || this.#reported.isLost(parameter.value.span) ? this.#x.error(span) : parameter.value;
    if (parameter.value === null)
      this.#missing(m.missingValue, name, {
        what: "config",
        example: `config ${name.name}: ${type === null ? "int" : this.#x.text(type.span)} = …`,
      });
    else if (type === null)
      this.#missing(m.missingType, name, {
        what: "config",
        example: `config ${name.name}: ${typeOf(value)} = ${this.#x.text(value.span)}`,
      });
    const configType = type === null ? ({ kind: "scalar", name: typeOf(value), span: name.span } as const) : this.#configType(type);
    return { kind: "config", name, type: configType, value, span: this.#x.since(head) };
  }

  #input(c: Found<cst.InputDeclarationCstChildren>): ast.InputDecl | null {
    const head = this.#head(c.Input);
    const name = this.#x.name(c.Identifier?.[0]);
    if (name === null) return null;
    if (c.typeExpression === undefined) this.#missing(m.missingType, name, { what: "input", example: `input ${name.name}: f32[n, d]` });
    const type = this.#x.type(c.typeExpression?.[0]) ?? this.#unknownType();
    if (c.typeExpression !== undefined) this.#needColon(c.Colon, name, type);
    return { kind: "input", name, type, span: this.#x.since(head) };
  }

  #param(c: Found<cst.ParamDeclarationCstChildren>, valueOf: ValueOf): ast.ParamDecl | null {
    const head = this.#head(c.Param);
    const name = this.#x.name(c.Identifier?.[0]);
    if (name === null) return null;
    if (c.typeExpression === undefined) this.#missing(m.missingType, name, { what: "param", example: `param ${name.name}: f32 = 0` });
    const type = this.#x.type(c.typeExpression?.[0]) ?? this.#unknownType();
    if (c.typeExpression !== undefined) this.#needColon(c.Colon, name, type);
    const kind = c.Tilde === undefined ? "constant" : "random";
    const init = c.Tilde === undefined && c.Assign === undefined ? null : ({ kind, value: valueOf(c.expression?.[0]) } as const);
    return { kind: "param", name, type, init, span: this.#x.since(head) };
  }

  #encoder(c: Found<cst.EncoderDeclarationCstChildren>, valueOf: ValueOf): ast.EncoderDecl | null {
    const head = this.#head(c.Encoder);
    const name = this.#x.name(c.Identifier?.[0]);
    return name && { kind: "encoder", name, value: valueOf(c.expression?.[0]), span: this.#x.since(head) };
  }

  #layer(c: Found<cst.LayerDeclarationCstChildren>, valueOf: ValueOf): ast.LayerDecl | null {
    const head = this.#head(c.Layer);
    const name = this.#x.name(c.Identifier?.[0]);
    if (name === null) return null;
    const value = valueOf(c.expression?.[0]);
    const when = c.When === undefined ? null : valueOf(c.expression?.[1]);
    return { kind: "layer", name, value, when, span: this.#x.since(head) };
  }

  #metric(c: Found<cst.MetricDeclarationCstChildren>, valueOf: ValueOf): ast.MetricDecl | null {
    const head = this.#head(c.Metric);
    const name = this.#x.name(c.Identifier?.[0]);
    if (name === null) return null;
    this.#refuseIndices(c.indices?.[0], "a metric", name, `metric name = …`);
    return { kind: "metric", name, value: valueOf(c.expression?.[0]), span: this.#x.since(head) };
  }

  #output(c: Found<cst.OutputDeclarationCstChildren>, valueOf: ValueOf): ast.OutputDecl | null {
    const head = this.#head(c.Output);
    const names = this.#x.names(c.names?.[0]);
    const last = names.at(-1);
    if (last === undefined) return null;
    this.#refuseIndices(c.indices?.[0], "an output", last, `output ${last.name}`);
    if (c.Assign !== undefined && names.length > 1) this.#x.report(m.namesAndValue, this.#x.since(head), {});
    const value = c.Assign === undefined ? null : valueOf(c.expression?.[0]);
    return { kind: "output", names, value, span: this.#x.since(head) };
  }

  #refuseIndices(node: cst.IndicesCstNode | undefined, what: string, name: ast.Ident, example: string): void {
    const open = this.#x.span(node?.children.LBracket?.[0]);
    const close = this.#x.span(node?.children.RBracket?.[0]);
    if (open !== null && close !== null) this.#x.report(m.indexedResult, cover(open, close), { what, name: name.name, example });
  }

  #definition(c: Found<cst.DefinitionCstChildren>, valueOf: ValueOf): ast.Definition | null {
    const name = this.#x.name(c.Identifier?.[0]);
    if (name === null) return null;
    const indices = this.#x.indexItems(c.indices?.[0]).flatMap((item) => {
      if (item.kind === "at" && item.value.kind === "name") return [{ name: item.value.name, span: item.span }];
      this.#x.report(m.indexNotName, item.span, { name: name.name });
      return [];
    });
    const comparison = this.#x.span(c.Equal?.[0]);
    if (comparison !== null) this.#x.report(m.comparisonDefines, comparison, { name: name.name });
    return { kind: "definition", name, indices, value: valueOf(c.expression?.[0]), span: this.#x.since(name.span) };
  }

  #return(c: Found<cst.ReturnStatementCstChildren>, valueOf: ValueOf): Return {
    const head = this.#head(c.Return);
    return { kind: "return", value: valueOf(c.expression?.[0]), head, span: this.#x.since(head) };
  }

  #data(c: Found<cst.DataBlockCstChildren>): ast.DataBlock {
    const head = this.#head(c.Data);
    this.reportStrayWords(c.strayWords?.[0]);
    const entries = (c.entry ?? []).flatMap((entry) => this.#entry(entry) ?? []);
    this.#x.span(c.RBrace?.[0]);
    return { kind: "data", entries, span: this.#x.since(head) };
  }

  #eval(c: Found<cst.EvalBlockCstChildren>): ast.EvalBlock {
    const head = this.#head(c.Eval);
    this.reportStrayWords(c.strayWords?.[0]);
    const entries = (c.entry ?? []).flatMap((entry) => this.#entry(entry) ?? []);
    const tasks = (c.task ?? []).map(({ children }) => {
      const { expression, rest } = children as Found<cst.TaskCstChildren>;
      return this.#value(expression?.[0], this.reportRest(rest?.[0]));
    });
    this.#x.span(c.RBrace?.[0]);
    return { kind: "eval", entries, tasks, span: this.#x.since(head) };
  }

  #entry({ children }: cst.EntryCstNode): ast.DataEntry | null {
    const c = children as Found<cst.EntryCstChildren>;
    const name = this.#x.name(c.Identifier?.[0]);
    if (name === null) return null;
    const value = this.#value(c.expression?.[0], this.reportRest(c.rest?.[0]));
    return { name, value, span: cover(name.span, value.span) };
  }

  #train(c: Found<cst.TrainBlockCstChildren>): ast.TrainBlock {
    const head = this.#head(c.Train);
    this.reportStrayWords(c.strayWords?.[0]);
    const settings = (c.setting ?? []).flatMap((setting) => this.#setting(setting) ?? []);
    const groups = (c.group ?? []).map((group) => this.#group(group));
    this.#x.span(c.RBrace?.[0]);
    return { kind: "train", settings, groups, span: this.#x.since(head) };
  }

  #setting({ children }: cst.SettingCstNode): ast.TrainSetting | null {
    const c = children as Found<cst.SettingCstChildren>;
    const name = this.#x.name(c.Identifier?.[0]);
    if (name === null) return null;
    const sign = this.#x.span((c.Assign ?? c.Colon)?.[0]);
    if (sign !== null) this.#x.report(m.settingSign, sign, { name: name.name });
    const rest = this.reportRest(c.rest?.[0]);
    if (c.expression === undefined && !rest) this.#missing(m.missingValue, name, { what: "setting", example: `${name.name} …` });
    const value = this.#value(c.expression?.[0], rest);
    return { name, value, span: cover(name.span, value.span) };
  }

  #group({ children }: cst.GroupCstNode): ast.TrainGroup {
    const c = children as Found<cst.GroupCstChildren>;
    const head = this.#head(c.For);
    const list = (c.patterns?.[0]?.children ?? {}) as Found<cst.PatternsCstChildren>;
    const patterns = this.#x.separated(
      (list.pattern ?? []).flatMap((pattern) => this.#pattern(pattern) ?? []),
      list.Comma,
    );
    this.reportStrayWords(c.strayWords?.[0]);
    const fields = this.#x.separated(
      (c.field ?? []).flatMap((field) => this.#field(field) ?? []),
      [...(c.Comma ?? []), ...(c.End ?? [])].sort(byStart),
    );
    const stray = c.strayFields?.[0]?.children.Word?.[0];
    if (stray !== undefined) this.#x.leftovers.push(unexpected(this.#source, stray, "`}`"));
    this.#x.span(c.RBrace?.[0]);
    return { patterns, fields, span: this.#x.since(head) };
  }

  #pattern({ children }: cst.PatternCstNode): ast.Ident | null {
    const tokens = (children.segment ?? []).flatMap((segment) => {
      const s = segment.children as Found<cst.SegmentCstChildren>;
      return (s.Identifier ?? s.NumberToken ?? s.Star ?? s.Power)?.[0] ?? [];
    });
    const spans = tokens.flatMap((token) => this.#x.span(token) ?? []);
    const [first, last] = [spans[0], spans.at(-1)];
    if (first === undefined || last === undefined) return null;
    return { name: tokens.map((token) => token.image).join("."), span: cover(first, last) };
  }

  #field({ children }: cst.FieldCstNode): ast.Arg | null {
    const c = children as Found<cst.FieldCstChildren>;
    const name = this.#x.name(c.Identifier?.[0]);
    if (name === null) return null;
    const equals = this.#x.span(c.Assign?.[0]);
    if (equals !== null) this.#x.report(m.fieldSign, equals, { name: name.name });
    const value = this.#value(c.expression?.[0], false);
    return { name, value, span: cover(name.span, value.span) };
  }

  #head(tokens: readonly IToken[] | undefined): Span {
    return this.#x.span(tokens?.[0]) ?? this.#x.here();
  }

  /** A statement's value. Of a broken statement nothing is kept: half a value would be a second mistake for the checker. */
  #value(node: cst.ExpressionCstNode | undefined, broken: boolean): ast.Expr {
    const value = this.#x.expression(node);
    return broken || this.#reported.isLost(value.span) ? this.#x.error(value.span) : value;
  }

  #needColon(colons: readonly IToken[] | undefined, name: ast.Ident, { span }: { readonly span: Span }): void {
    if (colons === undefined) this.#x.report(m.missingColon, span, { name: name.name, type: this.#x.text(span) });
  }

  #missing(row: typeof m.missingType, name: ast.Ident, values: { what: string; example: string }): void {
    this.#x.report(row, name.span, { ...values, name: name.name });
  }
}

const byStart = (a: IToken, b: IToken): number => a.startOffset - b.startOffset;

function typeOf(value: ast.Expr): (typeof CONFIG_TYPES)[number] {
  if (value.kind === "string" || value.kind === "bool") return value.kind;
  return value.kind === "number" && value.integer ? "int" : "float";
}
