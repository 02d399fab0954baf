/** What Chevrotain would check at every start, a user's included, is checked here. */
import { Lexer } from "chevrotain";
import { expect, test } from "vitest";
import { SigParser } from "../../grammar/parser.js";
import { lexedTokens } from "../../grammar/tokens.js";

test("no rule is ambiguous, left recursive or unknown", () => {
  expect(() => new SigParser({ validate: true })).not.toThrow();
});

test("no token hides another, and each can be found by its first character", () => {
  expect(new Lexer([...lexedTokens], { positionTracking: "onlyOffset", ensureOptimizations: true }).lexerDefinitionErrors).toEqual([]);
});
