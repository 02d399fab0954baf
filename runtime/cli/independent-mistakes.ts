import type { Diagnostic } from "../../grammar/diagnostic.js";
import type { SourceFile } from "../../grammar/source-file.js";

/**
 * The mistakes of meaning that stand on their own in a file that also has mistakes of syntax. A line that cannot be read
 * may define any name on it, so what is said about such a name, or on such a line, is left out: it could be a consequence.
 */
export function independentMistakes(
  meaning: readonly Diagnostic[],
  syntax: readonly Diagnostic[],
  source: SourceFile,
): readonly Diagnostic[] {
  if (syntax.length === 0) return meaning;
  const broken = new Set(
    syntax.flatMap(({ span, related }) => [span, ...related.map((place) => place.span)]).map(({ start }) => source.position(start).line),
  );
  const doubtful = new Set([...broken].flatMap((line) => source.line(line).match(/[A-Za-z_]\w*/g) ?? []));
  const onBrokenLine = ({ span }: Diagnostic): boolean => span.file === source.name && broken.has(source.position(span.start).line);
  const names = ({ message, span }: Diagnostic): readonly string[] => [
    ...[...message.matchAll(/`([A-Za-z_]\w*)`/g)].map((match) => match[1] ?? ""),
    ...(span.file === source.name ? (source.text.slice(span.start, span.end).match(/[A-Za-z_]\w*/g) ?? []) : []),
  ];
  return meaning.filter((diagnostic) => !onBrokenLine(diagnostic) && !names(diagnostic).some((name) => doubtful.has(name)));
}
