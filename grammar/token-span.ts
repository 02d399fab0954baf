import { createTokenInstance, type IToken, type TokenType } from "chevrotain";
import type { SourceFile } from "./source-file.js";
import type { Span } from "./span.js";

/**
 * The only reader of Chevrotain's positions, whose end is inclusive and NaN at the end of the file.
 * A token that no character stands for (inserted, or an end of statement) has an empty span where it would be.
 */
export function startOf(source: SourceFile, token: IToken): number {
  return Number.isNaN(token.startOffset) ? source.text.length : token.startOffset;
}

export function endOf(source: SourceFile, token: IToken): number {
  return startOf(source, token) + token.image.length;
}

export function spanOf(source: SourceFile, token: IToken): Span {
  return source.span(startOf(source, token), endOf(source, token));
}

/** A token that the writer left out or that no character stands for. */
export function insertedAt(type: TokenType, offset: number): IToken {
  return createTokenInstance(type, "", offset, offset, Number.NaN, Number.NaN, Number.NaN, Number.NaN);
}
