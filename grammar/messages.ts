/** What can be wrong with the text of a file. SIG1xxx: its characters; SIG2xxx: its statements. Codes never change meaning. */
import { error } from "./diagnostic.js";

export const syntaxMessages = {
  stray: error("SIG1001")`\`${"found"}\` has no meaning here`.help`remove it`,
  strayWithHelp: error("SIG1001")`\`${"found"}\` has no meaning here`.help`${"help"}`,
  openString: error("SIG1002")`this string has no closing quote on its line`.help`close it with \`"\`; write a line break as \`\\n\``,
  openComment: error("SIG1003")`this comment never ends`.help`close it with \`*/\``,
  foreignSpelling: error("SIG1004")`\`${"found"}\` is written \`${"instead"}\` here`.help`write \`${"instead"}\``,
  foreignQuotes: error("SIG1005")`strings are written in straight double quotes`.help`write ${"instead"}`,
  badEscape: error("SIG1006")`\`${"found"}\` is no escape`
    .help`the escapes are \`\\"\`, \`\\\\\`, \`\\n\`, \`\\r\`, \`\\t\` and \`\\u{…}\` around a code point in hexadecimal`,
  foreignName: error("SIG1007")`a name is made of ASCII letters, digits and \`_\`, and \`${"found"}\` is not`.help`write \`${"instead"}\``,
  hashComment: error("SIG1008")`a comment begins with \`//\``.help`write \`//\` in place of \`#\``,
  badNumber: error("SIG1009")`\`${"found"}\` is neither a number nor a name`
    .help`numbers look like \`12\`, \`20_000\`, \`0.5\`, \`1e-3\`, \`5%\` and \`0.1x\`; a name does not begin with a digit`,
  numberTooLarge: error("SIG1010")`\`${"found"}\` is larger than any float64`.help`write \`inf\` for infinity`,
  integerNotExact: error("SIG1011")`\`${"found"}\` is larger than 2**53 - 1, the last integer that is exact`
    .help`write it as a float: \`1e16\``,
  fileTooLong: error("SIG1012")`this file has ${"length"} characters; a program has at most ${"limit"}`
    .help`keep data in \`.npy\` or \`.safetensors\` files and name it with \`--input\``,

  expected: error("SIG2001")`expected ${"expected"}, found ${"found"}`,
  expectedWithHelp: error("SIG2001")`expected ${"expected"}, found ${"found"}`.help`${"help"}`,
  unclosed: error("SIG2002")`expected \`${"closer"}\` here: ${"what"} never closed`.help`add \`${"closer"}\``,
  missingBrace: error("SIG2002")`expected \`{\` here`.help`add \`{\``,
  closesNothing: error("SIG2003")`\`${"closer"}\` closes nothing`.help`remove it, or add \`${"opener"}\` before`,
  wrongCloser: error("SIG2004")`\`${"opener"}\` is closed by \`${"found"}\``.help`write \`${"closer"}\``,
  tooDeep: error("SIG2005")`this is nested more than ${"limit"} deep`.help`give a part of it a name on a line of its own`,
  tooLong: error("SIG2006")`this statement has more than ${"limit"} words and signs`.help`give a part of it a name on a line of its own`,
  tooMany: error("SIG2007")`${"count"} more mistakes are not shown`.help`mend the first ones and look again`,

  misspeltHead: error("SIG2010")`\`${"found"}\` begins no statement; did you mean \`${"nearest"}\`?`.help`write \`${"nearest"}\``,
  unknownHead: error("SIG2011")`\`${"found"}\` begins no statement`.help`here a statement begins with ${"heads"}`,
  outsidePipeline: error("SIG2012")`\`${"found"}\` stands outside any pipeline or module`.help`put it in \`pipeline name { … }\``,
  onlyAtTop: error("SIG2013")`\`${"found"}\` cannot stand inside ${"container"}`.help`move it to the top level of the file`,
  notInContainer: error("SIG2014")`\`${"found"}\` cannot stand in a ${"container"}`.help`${"instead"}`,
  pythonImport: error("SIG2015")`an import names what it takes and from which file`.help`write \`import { name } from "file.sig"\``,
  foreignDeclaration: error("SIG2016")`\`${"found"}\` is not of this language`.help`${"instead"}`,
  typedDefinition: error("SIG2017")`a definition has no type: it follows from the value`
    .help`write \`${"name"} = …\`, or begin with \`param\`, \`input\` or \`config\``,
  bareExpression: error("SIG2018")`this value has no name, so nothing could use it`.help`write \`name = …\``,
  update: error("SIG2019")`a name is defined once, and \`${"found"}\` would change it`.help`give the new value a new name`,
  noLoops: error("SIG2020")`there are no loops and no control flow over data`.help`${"instead"}`,
  leadingMinus: error("SIG2021")`a line that begins with \`-\` does not continue the line above`
    .help`end the line above with \`-\`, or put the whole in parentheses`,

  missingType: error("SIG2030")`${"what"} \`${"name"}\` needs a type`.help`write \`${"example"}\``,
  missingValue: error("SIG2031")`${"what"} \`${"name"}\` needs a value`.help`write \`${"example"}\``,
  notAConfigType: error("SIG2032")`\`${"found"}\` is no type of a config`
    .help`write \`int\`, \`float\`, \`bool\`, \`string\` or a choice such as \`"map" | "gap"\``,
  choiceOfInput: error("SIG2033")`a choice of strings is the type of a config, not of an array`.help`write a type such as \`f32[n, d]\``,
  inputDefault: error("SIG2034")`the input \`${"name"}\` of a module has no default`
    .help`move it to the first parentheses, which hold the configuration`,
  indexNotName: error("SIG2035")`an index on the left of a definition is a name`
    .help`write \`${"name"}[i, j] = …\` and choose by a condition such as \`where(i == 0, …)\``,
  indexedResult: error("SIG2036")`${"what"} has no indices`.help`define \`${"name"}[i, j] = …\` first, then write \`${"example"}\``,
  namesAndValue: error("SIG2037")`an output with a value has one name`.help`write one \`output name = …\` for each`,
  afterReturn: error("SIG2038")`nothing stands after \`return\``.help`move it before \`return\``,
  noReturn: error("SIG2039")`module \`${"name"}\` returns nothing`.help`end it with \`return …\``,

  equalsInCondition: error("SIG2050")`\`=\` defines a name and gives no truth value`.help`compare with \`==\``,
  comparisonDefines: error("SIG2051")`\`==\` compares; a definition is written with \`=\``.help`write \`${"name"} = …\``,
  namedArgument: error("SIG2052")`a named argument is written with \`:\``
    .help`write \`${"name"}: …\`, or \`${"name"} == …\` for a comparison`,
  chained: error("SIG2053")`comparisons do not chain`.help`write \`${"first"} and ${"second"}\``,
  missingComma: error("SIG2054")`expected \`,\` before \`${"found"}\``.help`separate the two with \`,\``,
  ifWithoutElse: error("SIG2055")`this \`if\` has no \`else\`, so it might have no value`.help`add \`else …\``,
  elif: error("SIG2056")`\`elif\` is written \`else if\``.help`write \`else if\``,
  noneOutsideIndex: error("SIG2057")`\`None\` stands only in an index, where it adds an axis`.help`write it as in \`x[:, None]\``,
  looseNot: error("SIG2058")`\`not\` binds looser than \`${"op"}\``.help`put it in parentheses: \`(not …)\``,
  looseIf: error("SIG2059")`an \`if\` beside an operator needs parentheses`.help`write \`(if … then … else …)\``,
  sliceStep: error("SIG2060")`a slice has no step`.help`write \`from:to\``,
  missingColon: error("SIG2063")`expected \`:\` before the type \`${"type"}\``.help`write \`${"name"}: ${"type"}\``,
  settingSign: error("SIG2061")`a setting is a name and a value, with nothing between`.help`write \`${"name"} …\``,
  fieldSign: error("SIG2062")`a field is written with \`:\``.help`write \`${"name"}: …\``,
} as const;
