/** What a `.npy` header says. `descr` is the type string, or `[…` for a structured one. */
export type NpyHeader = { readonly descr: string; readonly fortranOrder: boolean; readonly shape: readonly number[] };
export type NpyHeaderFailure = { readonly at: number; readonly reason: string };

/** numpy's own limit since 2.0. */
const MOST_AXES = 64;

/**
 * The header is a Python dict literal of exactly three keys. Only what `numpy.save` writes is read:
 * no escapes, no expressions, keys in any order and once each.
 */
export function parseNpyHeader(text: string): NpyHeader | NpyHeaderFailure {
  let at = 0;
  const failure = (reason: string): NpyHeaderFailure => ({ at, reason });
  const take = (pattern: RegExp): RegExpExecArray | null => {
    // Sticky: matches at the cursor or not at all, so the time is linear in the length.
    const sticky = new RegExp(pattern.source, "y");
    sticky.lastIndex = at;
    const match = sticky.exec(text);
    if (match !== null) at = sticky.lastIndex;
    return match;
  };
  const space = () => take(/[ \t\r\n]*/);

  let descr: string | undefined;
  let fortranOrder: boolean | undefined;
  let shape: number[] | undefined;

  space();
  if (take(/\{/) === null) return failure("a dictionary was expected");
  for (;;) {
    space();
    if (take(/\}/) !== null) break;
    const key = take(/(['"])(descr|fortran_order|shape)\1/)?.[2];
    if (key === undefined) return failure("one of the keys descr, fortran_order, shape was expected");
    if ((key === "descr" ? descr : key === "shape" ? shape : fortranOrder) !== undefined) return failure(`${key} appears twice`);
    space();
    if (take(/:/) === null) return failure("a colon was expected");
    space();
    if (key === "descr") {
      // A structured type is a list; it will be refused, so its end is not sought.
      if (take(/\[/) !== null) return { descr: text.slice(at - 1, at + 60).trim(), fortranOrder: false, shape: [] };
      descr = take(/(['"])([^'"\\\n]{1,64})\1/)?.[2];
      if (descr === undefined) return failure("a type string was expected");
    } else if (key === "fortran_order") {
      const word = take(/True|False/)?.[0];
      if (word === undefined) return failure("True or False was expected");
      fortranOrder = word === "True";
    } else {
      if (take(/\(/) === null) return failure("a tuple was expected");
      shape = [];
      for (;;) {
        space();
        if (take(/\)/) !== null) break;
        if (shape.length === MOST_AXES) return failure(`more than ${MOST_AXES} axes`);
        const digits = take(/(\d{1,16})L?(?!\d)/)?.[1];
        if (digits === undefined || !Number.isSafeInteger(Number(digits))) return failure("a size between 0 and 2^53 was expected");
        shape.push(Number(digits));
        space();
        const comma = take(/,/);
        space();
        // `(3)` is a number in Python, not a tuple.
        if (comma === null && (shape.length === 1 || text[at] !== ")")) return failure("a comma was expected");
      }
    }
    space();
    if (take(/,/) === null && text[at] !== "}") return failure("a comma or the end of the dictionary was expected");
  }
  space();
  if (at !== text.length) return failure("something follows the dictionary");
  if (descr === undefined || fortranOrder === undefined || shape === undefined)
    return failure(`${descr === undefined ? "descr" : shape === undefined ? "shape" : "fortran_order"} is missing`);
  return { descr, fortranOrder, shape };
}
