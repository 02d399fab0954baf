import { parseNamedSource } from "../data/column.js";
import { userError } from "../user-error.js";
import type { DataSources } from "../train/training-data.js";
import { cliMessages } from "./messages.js";

export const noData: DataSources = { columns: [], samples: [] };

/** `--data image=x.npy` gives an input its column; anything that does not begin with a name and `=` is where samples lie. */
export function collectData(text: string, before: DataSources = noData): DataSources {
  if (!/^[A-Za-z_]\w*=/.test(text)) return { ...before, samples: [...before.samples, text] };
  const column = parseNamedSource(text);
  if (before.columns.some(({ name }) => name === column.name)) throw userError(cliMessages.twice, { flag: "--data", name: column.name }, 2);
  return { ...before, columns: [...before.columns, column] };
}
