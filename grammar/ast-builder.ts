/** CST → AST: declarations and members. Whatever recovery or a mistake left without a meaning becomes an ErrorExpr. */
import type * as ast from "./ast.js";
import type * as cst from "./cst.generated.js";
import { ExpressionBuilder, type Found } from "./expression-builder.js";
import { MemberBuilder } from "./member-builder.js";
import { syntaxMessages as m } from "./messages.js";
import type { Report } from "./report.js";
import type { SourceFile } from "./source-file.js";

export function buildAst(source: SourceFile, root: cst.ProgramCstNode | undefined, reported: Pick<Report, "isLost" | "isBrokenAfter">) {
  const expressions = new ExpressionBuilder(source);
  const builder = new AstBuilder(expressions, new MemberBuilder(source, expressions, reported), reported);
  const program = builder.program(source, root);
  return { program, leftovers: expressions.leftovers, diagnostics: expressions.diagnostics };
}

type Container = "pipeline" | "module";

/** What a member of the wrong container should be. `layer` and `encoder` are then read as each other. */
const misplaced: { readonly [C in Container]: { readonly [K in ast.Member["kind"]]?: string } } = {
  pipeline: { layer: "write `encoder`" },
  module: {
    batch: "a module takes its sizes from the types of its inputs",
    config: "write it in the module's first parentheses",
    input: "write it in the module's last parentheses",
    encoder: "write `layer`",
    metric: "return the value and write the metric in the pipeline",
    output: "return the value and write the output in the pipeline",
    data: "move it to the pipeline",
    eval: "move it to the pipeline",
    train: "move it to the pipeline",
  },
};

class AstBuilder {
  readonly #x: ExpressionBuilder;
  readonly #members: MemberBuilder;
  readonly #reported: Pick<Report, "isLost" | "isBrokenAfter">;

  constructor(expressions: ExpressionBuilder, members: MemberBuilder, reported: Pick<Report, "isLost" | "isBrokenAfter">) {
    this.#x = expressions;
    this.#members = members;
    this.#reported = reported;
  }

  program(source: SourceFile, root: cst.ProgramCstNode | undefined): ast.Program {
    const imports: ast.Import[] = [];
    const items: (ast.ModuleDecl | ast.PipelineDecl)[] = [];
    for (const { children } of root?.children.declaration ?? []) {
      const c = children as Found<cst.DeclarationCstChildren>;
      if (c.importDeclaration !== undefined) imports.push(...this.#import(c.importDeclaration[0]?.children ?? {}));
      if (c.pipelineDeclaration !== undefined) items.push(...this.#pipeline(c.pipelineDeclaration[0]?.children ?? {}));
      if (c.moduleDeclaration !== undefined) items.push(...this.#module(c.moduleDeclaration[0]?.children ?? {}));
    }
    return { kind: "program", imports, items, span: source.span(0, source.text.length) };
  }

  #import(c: Found<cst.ImportDeclarationCstChildren>): ast.Import[] {
    const head = this.#x.span(c.Import?.[0]) ?? this.#x.here();
    const names = this.#x.names(c.names?.[0]);
    const from = this.#x.string(c.StringToken?.[0]);
    this.#members.reportRest(c.rest?.[0]);
    return from === null ? [] : [{ kind: "import", names, from, span: this.#x.since(head) }];
  }

  #pipeline(c: Found<cst.PipelineDeclarationCstChildren>): ast.PipelineDecl[] {
    const head = this.#x.span(c.Pipeline?.[0]) ?? this.#x.here();
    const name = this.#x.name(c.pipelineHead?.[0]?.children.Identifier?.[0]) ?? { name: "", span: this.#x.here() };
    this.#members.reportStrayWords(c.pipelineHead?.[0]?.children.strayWords?.[0]);
    const { members } = this.#body("pipeline", c.body?.[0]);
    return [{ kind: "pipeline", name, members, span: this.#x.since(head) }];
  }

  #module(c: Found<cst.ModuleDeclarationCstChildren>): ast.ModuleDecl[] {
    const head = this.#x.span(c.Module?.[0]) ?? this.#x.here();
    const h = (c.moduleHead?.[0]?.children ?? {}) as Found<cst.ModuleHeadCstChildren>;
    const name = this.#x.name(h.Identifier?.[0]) ?? { name: "", span: this.#x.here() };
    const groups = h.parameters ?? [];
    const configs = groups.length > 1 ? this.#members.moduleConfigs(groups[0]) : [];
    const inputs = this.#members.moduleInputs(groups[groups.length > 1 ? 1 : 0]);
    const returns = h.typeExpression === undefined ? null : this.#x.type(h.typeExpression[0]);
    this.#members.reportStrayWords(h.strayWords?.[0]);
    const { members, result } = this.#body("module", c.body?.[0]);
    if (result === null && c.body !== undefined && !this.#reported.isBrokenAfter(head))
      this.#x.report(m.noReturn, name.span, { name: name.name });
    return [{ kind: "module", name, configs, inputs, returns, members, result, span: this.#x.since(head) }];
  }

  #body(container: Container, node: cst.BodyCstNode | undefined): { members: ast.Member[]; result: ast.Expr | null } {
    const members: ast.Member[] = [];
    let result: ast.Expr | null = null;
    let afterReturn = false;
    for (const child of node?.children.member ?? []) {
      const built = this.#members.member(child);
      if (built === null) continue;
      if (result !== null && !afterReturn) {
        afterReturn = true;
        this.#x.report(m.afterReturn, built.span, {});
      }
      if (built.kind !== "return") members.push(...this.#inPlace(container, built));
      else if (container === "module") result ??= built.value;
      else {
        const instead = "name the result: `loss = …`, `metric name = …` or `output name`";
        this.#x.report(m.notInContainer, built.head, { found: "return", container, instead });
      }
    }
    this.#x.span(node?.children.RBrace?.[0]);
    return { members, result };
  }

  #inPlace(container: Container, member: ast.Member): ast.Member[] {
    const instead = misplaced[container][member.kind];
    if (instead === undefined) return [member];
    const head = { ...member.span, end: member.span.start + member.kind.length };
    this.#x.report(m.notInContainer, head, { found: member.kind, container, instead });
    if (member.kind === "encoder") return [{ ...member, kind: "layer", when: null }];
    if (member.kind === "layer") return [{ kind: "encoder", name: member.name, value: member.value, span: member.span }];
    return [];
  }
}
