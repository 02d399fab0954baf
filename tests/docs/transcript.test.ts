/** The reader of transcripts must not let a wrong answer through. */
import { describe, expect, test } from "vitest";
import { firstDifference, readTranscript, words } from "./transcript.js";

describe("firstDifference", () => {
  test.each([
    ["equal lines", ["a", "b"], ["a", "b"], null],
    ["an elided part of a line", ["ran in … ms"], ["ran in 12.5 ms"], null],
    ["elided lines between", ["a", "…", "d"], ["a", "b", "c", "d"], null],
    ["elided lines at the end", ["a", "…"], ["a", "b"], null],
    ["a line that was not said", ["a", "x"], ["a", "b"], "x"],
    ["an elided line that never comes", ["…", "x"], ["a", "b"], "x"],
    ["a dot that is no wildcard", ["1.5 …"], ["1x5 s"], "1.5 …"],
    ["more than was shown", ["a"], ["a", "b"], "(the end; but it goes on: b)"],
    ["less than was shown", ["a", "b"], ["a"], "b"],
  ])("%s", (_, shown, said, difference) => expect(firstDifference(shown, said)).toBe(difference));
});

test("a command may go on in the next line, and its answer is its own", () => {
  expect(readTranscript("$ sigc run \\\n    a.sig\nloss  1\n$ sigc check a.sig\n")).toEqual([
    { command: "sigc run a.sig", answer: ["loss  1"] },
    { command: "sigc check a.sig", answer: [] },
  ]);
});

test("words know quotes and comments, and refuse what needs a shell", () => {
  expect(words(`sigc run 'a b.sig' --set n=3   # three rows`)).toEqual(["sigc", "run", "a b.sig", "--set", "n=3"]);
  expect(() => words("sigc ir a.sig | head")).toThrow("needs a shell");
});
