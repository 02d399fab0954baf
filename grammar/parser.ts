/**
 * The grammar. Tokens arrive with brackets matched, statements ended by End and statement keywords decided, so every
 * choice is LL(2). It accepts a little more than the language (a missing comma, `=` in a condition): the tree builder
 * knows more than a parser's exception about what was meant. Operators are one flat list; `precedence.ts` nests them.
 * One class, and so one long file: Chevrotain's rules are its fields.
 */
import { CstParser, EOF } from "chevrotain";
import { lookaheadOnDemand } from "./lookahead-on-demand.js";
import * as t from "./tokens.js";

/** What a rule is called in a message. */
const ruleNames: Readonly<Record<string, string>> = {
  declaration: "`import`, `pipeline` or `module`",
  member: "a statement",
  statement: "a statement",
  primary: "an expression",
  parameterType: "a type",
  dimension: "a size",
  indexItem: "an index",
  segment: "a parameter path such as `img.**`",
  definition: "`=`",
  field: "`:`",
  suffix: "an operator",
  ifExpression: "`else`",
};

export class SigParser extends CstParser {
  /** `validate`: checks the grammar itself, which a test does; a user would pay for it at every start. */
  constructor({ validate = false }: { readonly validate?: boolean } = {}) {
    super([...t.vocabulary], {
      skipValidations: !validate,
      recoveryEnabled: true,
      // Finding what may follow in two tokens takes longer than all of a small run: it is asked for where one is not enough.
      maxLookahead: 1,
      lookaheadStrategy: lookaheadOnDemand(1),
      nodeLocationTracking: "none",
      errorMessageProvider: {
        // The message is the expected thing alone; `syntax-errors.ts` makes the sentence.
        buildMismatchTokenMessage: ({ expected }) => (expected === EOF ? "the end of the file" : (expected.LABEL ?? expected.name)),
        buildNotAllInputParsedMessage: () => "the end of the file",
        buildNoViableAltMessage: ({ ruleName }) => ruleNames[ruleName] ?? ruleName,
        buildEarlyExitMessage: ({ ruleName }) => ruleNames[ruleName] ?? ruleName,
      },
    });
    this.performSelfAnalysis();
  }

  // Program = (Declaration End)*
  program = this.RULE("program", () => {
    this.MANY(() => {
      this.SUBRULE(this.declaration);
      this.CONSUME(t.End);
    });
  });

  // Declaration = Import | Pipeline | Module
  declaration = this.RULE("declaration", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.importDeclaration) },
      { ALT: () => this.SUBRULE(this.pipelineDeclaration) },
      { ALT: () => this.SUBRULE(this.moduleDeclaration) },
    ]);
  });

  // Import = "import" "{" Names "}" "from" STRING
  importDeclaration = this.RULE("importDeclaration", () => {
    this.CONSUME(t.Import);
    this.CONSUME(t.LBrace);
    this.SUBRULE(this.names);
    this.CONSUME(t.RBrace);
    this.CONSUME(t.From);
    this.CONSUME(t.StringToken);
    this.OPTION(() => this.SUBRULE(this.rest));
  });

  // Pipeline = "pipeline" NAME Body
  pipelineDeclaration = this.RULE("pipelineDeclaration", () => {
    this.CONSUME(t.Pipeline);
    this.SUBRULE(this.pipelineHead);
    this.SUBRULE(this.body);
  });
  pipelineHead = this.RULE("pipelineHead", () => {
    this.CONSUME(t.Identifier);
    this.OPTION(() => this.SUBRULE(this.strayWords));
  });

  // Module = "module" NAME Parameters? Parameters ("->" Type)? Body
  moduleDeclaration = this.RULE("moduleDeclaration", () => {
    this.CONSUME(t.Module);
    this.SUBRULE(this.moduleHead);
    this.SUBRULE(this.body);
  });
  moduleHead = this.RULE("moduleHead", () => {
    this.CONSUME(t.Identifier);
    this.SUBRULE(this.parameters);
    this.OPTION(() => this.SUBRULE2(this.parameters));
    this.OPTION2(() => {
      this.CONSUME(t.Arrow);
      this.SUBRULE(this.typeExpression);
    });
    this.OPTION3(() => this.SUBRULE(this.strayWords));
  });

  // Parameters = "(" (Parameter ("," Parameter)* ","?)? ")"
  parameters = this.RULE("parameters", () => {
    this.CONSUME(t.LParen);
    this.MANY(() => {
      this.SUBRULE(this.parameter);
      this.OPTION(() => this.CONSUME(t.Comma));
    });
    this.CONSUME(t.RParen);
  });

  // Parameter = NAME (":" ParameterType)? ("=" Expression)?
  parameter = this.RULE("parameter", () => {
    this.CONSUME(t.Identifier);
    this.OPTION(() => {
      this.OPTION3(() => this.CONSUME(t.Colon));
      this.SUBRULE(this.parameterType);
    });
    this.OPTION2(() => {
      this.CONSUME(t.Assign);
      this.SUBRULE(this.expression);
    });
  });

  // ParameterType = STRING ("|" STRING)* | Type
  parameterType = this.RULE("parameterType", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.StringToken);
          this.MANY(() => {
            this.CONSUME(t.Pipe);
            this.CONSUME2(t.StringToken);
          });
        },
      },
      { ALT: () => this.SUBRULE(this.typeExpression) },
    ]);
  });

  // Type = NAME ("[" (Dimension ("," Dimension)* ","?)? "]")?
  typeExpression = this.RULE("typeExpression", () => {
    this.CONSUME(t.Identifier);
    this.OPTION(() => {
      this.CONSUME(t.LBracket);
      this.MANY(() => {
        this.SUBRULE(this.dimension);
        this.OPTION2(() => this.CONSUME(t.Comma));
      });
      this.CONSUME(t.RBracket);
    });
  });

  // Dimension = "..." | Expression
  dimension = this.RULE("dimension", () => {
    this.OR([{ ALT: () => this.CONSUME(t.Ellipsis) }, { ALT: () => this.SUBRULE(this.expression) }]);
  });

  // Names = NAME ("," NAME)* ","?
  names = this.RULE("names", () => {
    this.CONSUME(t.Identifier);
    this.MANY({
      MAX_LOOKAHEAD: 2,
      DEF: () => {
        this.OPTION(() => this.CONSUME(t.Comma));
        this.CONSUME2(t.Identifier);
      },
    });
    this.OPTION2(() => this.CONSUME2(t.Comma));
  });

  // Body = "{" (Member End)* "}"
  body = this.RULE("body", () => {
    this.CONSUME(t.LBrace);
    this.MANY(() => {
      this.SUBRULE(this.member);
      this.CONSUME(t.End);
    });
    this.CONSUME(t.RBrace);
  });

  // Member = Data | Eval | Train | Statement
  member = this.RULE("member", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.dataBlock) },
      { ALT: () => this.SUBRULE(this.evalBlock) },
      { ALT: () => this.SUBRULE(this.trainBlock) },
      { ALT: () => this.SUBRULE(this.statement) },
    ]);
  });

  // Statement = Batch | Config | Input | Param | Encoder | Layer | Metric | Output | Return | Definition
  statement = this.RULE("statement", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.batchDeclaration) },
      { ALT: () => this.SUBRULE(this.configDeclaration) },
      { ALT: () => this.SUBRULE(this.inputDeclaration) },
      { ALT: () => this.SUBRULE(this.paramDeclaration) },
      { ALT: () => this.SUBRULE(this.encoderDeclaration) },
      { ALT: () => this.SUBRULE(this.layerDeclaration) },
      { ALT: () => this.SUBRULE(this.metricDeclaration) },
      { ALT: () => this.SUBRULE(this.outputDeclaration) },
      { ALT: () => this.SUBRULE(this.returnStatement) },
      { ALT: () => this.SUBRULE(this.definition) },
    ]);
    this.OPTION(() => this.SUBRULE(this.rest));
  });

  // Batch = "batch" Names
  batchDeclaration = this.RULE("batchDeclaration", () => {
    this.CONSUME(t.Batch);
    this.SUBRULE(this.names);
  });

  // Config = "config" NAME ":" ParameterType "=" Expression
  configDeclaration = this.RULE("configDeclaration", () => {
    this.CONSUME(t.Config);
    this.SUBRULE(this.parameter);
  });

  // Input = "input" NAME ":" Type
  inputDeclaration = this.RULE("inputDeclaration", () => {
    this.CONSUME(t.Input);
    this.CONSUME(t.Identifier);
    this.OPTION(() => {
      this.OPTION3(() => this.CONSUME(t.Colon));
      this.SUBRULE(this.typeExpression);
    });
  });

  // Param = "param" NAME ":" Type (("=" | "~") Expression)?
  paramDeclaration = this.RULE("paramDeclaration", () => {
    this.CONSUME(t.Param);
    this.CONSUME(t.Identifier);
    this.OPTION(() => {
      this.OPTION3(() => this.CONSUME(t.Colon));
      this.SUBRULE(this.typeExpression);
    });
    this.OPTION2(() => {
      this.OR([{ ALT: () => this.CONSUME(t.Assign) }, { ALT: () => this.CONSUME(t.Tilde) }]);
      this.SUBRULE(this.expression);
    });
  });

  // Encoder = "encoder" NAME "=" Expression
  encoderDeclaration = this.RULE("encoderDeclaration", () => {
    this.CONSUME(t.Encoder);
    this.CONSUME(t.Identifier);
    this.CONSUME(t.Assign);
    this.SUBRULE(this.expression);
  });

  // Layer = "layer" NAME "=" Expression ("when" Expression)?
  layerDeclaration = this.RULE("layerDeclaration", () => {
    this.CONSUME(t.Layer);
    this.CONSUME(t.Identifier);
    this.CONSUME(t.Assign);
    this.SUBRULE(this.expression);
    this.OPTION(() => {
      this.CONSUME(t.When);
      this.SUBRULE2(this.expression);
    });
  });

  // Metric = "metric" NAME "=" Expression
  metricDeclaration = this.RULE("metricDeclaration", () => {
    this.CONSUME(t.Metric);
    this.CONSUME(t.Identifier);
    this.OPTION(() => this.SUBRULE(this.indices));
    this.CONSUME(t.Assign);
    this.SUBRULE(this.expression);
  });

  // Output = "output" (Names | NAME "=" Expression)
  outputDeclaration = this.RULE("outputDeclaration", () => {
    this.CONSUME(t.Output);
    this.SUBRULE(this.names);
    this.OPTION(() => this.SUBRULE(this.indices));
    this.OPTION2(() => {
      this.CONSUME(t.Assign);
      this.SUBRULE(this.expression);
    });
  });

  // Definition = NAME Indices? "=" Expression
  definition = this.RULE("definition", () => {
    this.CONSUME(t.Identifier);
    this.OPTION(() => this.SUBRULE(this.indices));
    this.OR([{ ALT: () => this.CONSUME(t.Assign) }, { ALT: () => this.CONSUME(t.Equal) }]);
    this.SUBRULE(this.expression);
  });

  // Indices = "[" NAME ("," NAME)* ","? "]"
  indices = this.RULE("indices", () => {
    this.CONSUME(t.LBracket);
    this.MANY(() => {
      this.SUBRULE(this.indexItem);
      this.OPTION(() => this.CONSUME(t.Comma));
    });
    this.CONSUME(t.RBracket);
  });

  // Return = "return" Expression
  returnStatement = this.RULE("returnStatement", () => {
    this.CONSUME(t.Return);
    this.SUBRULE(this.expression);
  });

  // Data = "data" "{" (Entry End)* "}"
  dataBlock = this.RULE("dataBlock", () => {
    this.CONSUME(t.Data);
    this.OPTION(() => this.SUBRULE(this.strayWords));
    this.CONSUME(t.LBrace);
    this.MANY(() => {
      this.SUBRULE(this.entry);
      this.CONSUME(t.End);
    });
    this.CONSUME(t.RBrace);
  });

  // Eval = "eval" "{" ((Entry | Task) End)* "}"
  evalBlock = this.RULE("evalBlock", () => {
    this.CONSUME(t.Eval);
    this.OPTION(() => this.SUBRULE(this.strayWords));
    this.CONSUME(t.LBrace);
    this.MANY(() => {
      this.OR([{ ALT: () => this.SUBRULE(this.task) }, { ALT: () => this.SUBRULE(this.entry) }]);
      this.CONSUME(t.End);
    });
    this.CONSUME(t.RBrace);
  });

  // Entry = NAME "=" Expression
  entry = this.RULE("entry", () => {
    this.CONSUME(t.Identifier);
    this.CONSUME(t.Assign);
    this.SUBRULE(this.expression);
    this.OPTION(() => this.SUBRULE(this.rest));
  });

  // Task = "task" Expression
  task = this.RULE("task", () => {
    this.CONSUME(t.Task);
    this.SUBRULE(this.expression);
    this.OPTION(() => this.SUBRULE(this.rest));
  });

  // Train = "train" "{" ((Setting | Group) End)* "}"
  trainBlock = this.RULE("trainBlock", () => {
    this.CONSUME(t.Train);
    this.OPTION(() => this.SUBRULE(this.strayWords));
    this.CONSUME(t.LBrace);
    this.MANY(() => {
      this.OR([{ ALT: () => this.SUBRULE(this.group) }, { ALT: () => this.SUBRULE(this.setting) }]);
      this.CONSUME(t.End);
    });
    this.CONSUME(t.RBrace);
  });

  // Setting = NAME Expression
  setting = this.RULE("setting", () => {
    this.CONSUME(t.Identifier);
    this.OPTION(() => this.OR([{ ALT: () => this.CONSUME(t.Assign) }, { ALT: () => this.CONSUME(t.Colon) }]));
    this.OPTION2(() => this.SUBRULE(this.expression));
    this.OPTION3(() => this.SUBRULE(this.rest));
  });

  // Group = "for" Patterns "{" (Field (("," | End) Field)* ","?)? "}"
  group = this.RULE("group", () => {
    this.CONSUME(t.For);
    this.SUBRULE(this.patterns);
    this.OPTION(() => this.SUBRULE(this.strayWords));
    this.CONSUME(t.LBrace);
    this.MANY(() => {
      this.SUBRULE(this.field);
      this.OPTION2(() => this.CONSUME(t.Comma));
      this.OPTION3({ MAX_LOOKAHEAD: 2, DEF: () => this.CONSUME(t.End) });
    });
    this.OPTION4(() => this.SUBRULE(this.strayFields));
    this.CONSUME(t.RBrace);
  });

  // Patterns = Pattern ("," Pattern)*
  patterns = this.RULE("patterns", () => {
    this.SUBRULE(this.pattern);
    this.MANY(() => {
      this.OPTION(() => this.CONSUME(t.Comma));
      this.SUBRULE2(this.pattern);
    });
  });

  // Pattern = Segment ("." Segment)*
  pattern = this.RULE("pattern", () => {
    this.SUBRULE(this.segment);
    this.MANY(() => {
      this.CONSUME(t.Dot);
      this.SUBRULE2(this.segment);
    });
  });

  // Segment = NAME | NUMBER | "*" | "**"
  segment = this.RULE("segment", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Identifier) },
      { ALT: () => this.CONSUME(t.NumberToken) },
      { ALT: () => this.CONSUME(t.Star) },
      { ALT: () => this.CONSUME(t.Power) },
    ]);
  });

  // Field = NAME ":" Expression
  field = this.RULE("field", () => {
    this.CONSUME(t.Identifier);
    this.OR([{ ALT: () => this.CONSUME(t.Colon) }, { ALT: () => this.CONSUME(t.Assign) }]);
    this.SUBRULE(this.expression);
  });

  // Expression = Operand (OPERATOR Operand)*
  expression = this.RULE("expression", () => {
    this.SUBRULE(this.operand);
    this.MANY(() => {
      this.CONSUME(t.BinaryOperator);
      this.SUBRULE2(this.operand);
    });
  });

  // Operand = ("-" | "not")* Primary Suffix*
  operand = this.RULE("operand", () => {
    this.MANY(() => this.OR([{ ALT: () => this.CONSUME(t.Minus) }, { ALT: () => this.CONSUME(t.Not) }]));
    this.SUBRULE(this.primary);
    this.MANY2(() => this.SUBRULE(this.suffix));
  });

  // Primary = NUMBER | "inf" | STRING | "true" | "false" | "None" | NAME | "(" Expressions ")" | "[" Expressions "]" | If
  primary = this.RULE("primary", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Identifier) },
      { ALT: () => this.CONSUME(t.NumberToken) },
      { ALT: () => this.CONSUME(t.StringToken) },
      { ALT: () => this.CONSUME(t.True) },
      { ALT: () => this.CONSUME(t.False) },
      { ALT: () => this.CONSUME(t.Inf) },
      { ALT: () => this.CONSUME(t.None) },
      { ALT: () => this.SUBRULE(this.tuple) },
      { ALT: () => this.SUBRULE(this.list) },
      { ALT: () => this.SUBRULE(this.ifExpression) },
      { ALT: () => this.CONSUME(t.Reported) },
    ]);
  });

  // Expressions = (Expression ("," Expression)* ","?)?
  tuple = this.RULE("tuple", () => {
    this.CONSUME(t.LParen);
    this.MANY(() => {
      this.SUBRULE(this.expression);
      this.OPTION(() => this.CONSUME(t.Comma));
    });
    this.CONSUME(t.RParen);
  });
  list = this.RULE("list", () => {
    this.CONSUME(t.LBracket);
    this.MANY(() => {
      this.SUBRULE(this.expression);
      this.OPTION(() => this.CONSUME(t.Comma));
    });
    this.CONSUME(t.RBracket);
  });

  // If = "if" Expression "then" Expression "else" Expression
  ifExpression = this.RULE("ifExpression", () => {
    this.OR([{ ALT: () => this.CONSUME(t.If) }, { ALT: () => this.CONSUME(t.Elif) }]);
    this.SUBRULE(this.expression);
    this.CONSUME(t.Then);
    this.SUBRULE2(this.expression);
    this.OPTION(() => {
      this.OR2([
        {
          ALT: () => {
            this.CONSUME(t.Else);
            this.SUBRULE3(this.expression);
          },
        },
        { ALT: () => this.SUBRULE(this.elseIf) },
      ]);
    });
  });
  elseIf = this.RULE("elseIf", () => {
    this.SUBRULE(this.ifExpression);
  });

  // Suffix = "(" Arguments ")" | "[" IndexItems "]" | "." NAME
  suffix = this.RULE("suffix", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.call) },
      { ALT: () => this.SUBRULE(this.index) },
      { ALT: () => this.SUBRULE(this.memberAccess) },
    ]);
  });

  // Arguments = (Argument ("," Argument)* ","?)?
  call = this.RULE("call", () => {
    this.CONSUME(t.LParen);
    this.MANY(() => {
      this.SUBRULE(this.argument);
      this.OPTION(() => this.CONSUME(t.Comma));
    });
    this.CONSUME(t.RParen);
  });

  // Argument = (NAME ":")? Expression
  argument = this.RULE("argument", () => {
    this.OPTION({
      MAX_LOOKAHEAD: 2,
      DEF: () => {
        this.CONSUME(t.Identifier);
        this.OR([{ ALT: () => this.CONSUME(t.Colon) }, { ALT: () => this.CONSUME(t.Assign) }]);
      },
    });
    this.SUBRULE(this.expression);
  });

  // IndexItems = IndexItem ("," IndexItem)* ","?
  index = this.RULE("index", () => {
    this.CONSUME(t.LBracket);
    this.MANY(() => {
      this.SUBRULE(this.indexItem);
      this.OPTION(() => this.CONSUME(t.Comma));
    });
    this.CONSUME(t.RBracket);
  });

  // IndexItem = "..." | Expression | Expression? ":" Expression?
  indexItem = this.RULE("indexItem", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Ellipsis) },
      {
        ALT: () => {
          this.SUBRULE(this.expression);
          this.OPTION(() => this.SUBRULE(this.slice));
        },
      },
      { ALT: () => this.SUBRULE2(this.slice) },
    ]);
  });
  slice = this.RULE("slice", () => {
    this.CONSUME(t.Colon);
    this.OPTION(() => this.SUBRULE(this.expression));
    this.OPTION2(() => {
      this.CONSUME2(t.Colon);
      this.OPTION3(() => this.SUBRULE2(this.expression));
    });
  });

  // The last alternative of Suffix.
  memberAccess = this.RULE("memberAccess", () => {
    this.CONSUME(t.Dot);
    this.CONSUME(t.Identifier);
  });

  // What is left of a statement that is wrong. Since a rest may be any words, recovery inside a statement leaves it at
  // once and skips to its end; no block has a rest, so recovery stays inside the block.
  rest = this.RULE("rest", () => {
    this.AT_LEAST_ONE(() => {
      this.OR([{ ALT: () => this.CONSUME(t.Word) }, { ALT: () => this.SUBRULE(this.block) }]);
    });
  });
  // What stands wrongly between the head of a block and its `{`.
  strayWords = this.RULE("strayWords", () => {
    this.AT_LEAST_ONE(() => this.CONSUME(t.Word));
  });
  // The same for what is left of a group's fields.
  strayFields = this.RULE("strayFields", () => {
    this.AT_LEAST_ONE(() => this.OR([{ ALT: () => this.CONSUME(t.Word) }, { ALT: () => this.CONSUME(t.End) }]));
  });
  block = this.RULE("block", () => {
    this.CONSUME(t.LBrace);
    this.MANY(() => this.OR([{ ALT: () => this.SUBRULE(this.rest) }, { ALT: () => this.CONSUME(t.End) }]));
    this.CONSUME(t.RBrace);
  });
}
