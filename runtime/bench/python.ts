/** The Python that peers run in: $SIG_PYTHON, else python3 on PATH. */
import { execFile } from "node:child_process";

export type Python = { readonly command: string; readonly missing: (framework: string) => Promise<string | null> };

/** Asks in a process of its own: an import may crash, and may take seconds. */
export function findPython(environment: Readonly<Record<string, string | undefined>> = process.env): Python {
  const command = environment["SIG_PYTHON"] ?? "python3";
  const answers = new Map<string, Promise<string | null>>();
  const ask = (framework: string): Promise<string | null> =>
    new Promise((answer) =>
      execFile(command, ["-c", `import numpy, ${framework}`], { timeout: 120_000 }, (error, _, stderr) =>
        answer(error === null ? null : error.code === "ENOENT" ? `there is no ${command}` : lastLine(stderr) || error.message),
      ),
    );
  return {
    command,
    /** Why it cannot be imported; null where it can. */
    missing: (framework) => {
      const known = answers.get(framework) ?? ask(framework);
      answers.set(framework, known);
      return known;
    },
  };
}

export const lastLine = (text: string): string => text.trimEnd().split("\n").at(-1) ?? "";
