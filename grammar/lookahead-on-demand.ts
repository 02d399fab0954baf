import { type ILookaheadStrategy, LLkLookaheadStrategy } from "chevrotain";

/**
 * LL(k) with the table of a decision made when the parser first comes to it. Chevrotain makes all of them before it parses,
 * which takes longer than to parse most programs, and most programs need few.
 */
export function lookaheadOnDemand(maxLookahead: number): ILookaheadStrategy {
  const whole = new LLkLookaheadStrategy({ maxLookahead });
  return {
    validate: (grammar) => whole.validate(grammar),
    buildLookaheadForAlternation: (decision) => onDemand(() => whole.buildLookaheadForAlternation(decision)),
    buildLookaheadForOptional: (decision) => onDemand(() => whole.buildLookaheadForOptional(decision)),
  };
}

/** The parser calls a decision as a method of its own. */
function onDemand<A extends unknown[], R>(make: () => (...args: A) => R): (...args: A) => R {
  let made: ((...args: A) => R) | null = null;
  return function (this: unknown, ...args) {
    made ??= make();
    return made.apply(this, args);
  };
}
