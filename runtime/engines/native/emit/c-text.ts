/** Lines of C as nested lists: a list inside a list is one level deeper. */
export type CText = readonly (string | CText)[];

export function printC(text: CText, indent = ""): string {
  return text
    .map((line) => (typeof line === "string" ? (line === "" ? "\n" : `${indent}${line}\n`) : printC(line, `${indent}  `)))
    .join("");
}

/** A loop or condition, or only its body's lines where `head` is null. */
export const block = (head: string, body: CText): CText => [`${head} {`, body, "}"];

export const product = (factors: readonly string[]): string => {
  const real = factors.filter((factor) => factor !== "1");
  return real.length === 0 ? "1" : real.join(" * ");
};
export const sum = (terms: readonly string[]): string => {
  const real = terms.filter((term) => term !== "0");
  return real.length === 0 ? "0" : real.join(" + ");
};
