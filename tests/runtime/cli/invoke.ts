/** Runs a command in this process and listens; only what concerns the process itself needs a process of its own. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { afterAll, expect } from "vitest";
import { runCli } from "../../../runtime/cli/cli.js";

export type Told = { readonly exit: number; readonly out: string; readonly err: string };

export async function sigc(...argv: readonly string[]): Promise<Told> {
  return sigcInterrupted(() => undefined, ...argv);
}

/** `listen` gets each piece of stderr and a way to send SIGINT. */
export async function sigcInterrupted(listen: (err: string, interrupt: () => void) => void, ...argv: readonly string[]): Promise<Told> {
  let [out, err] = ["", ""];
  let handler: (() => void) | null = null;
  const exit = await runCli(argv, {
    out: (text) => void (out += text),
    err: (text) => {
      err += text;
      listen(text, () => handler?.());
    },
    colour: { out: false, err: false },
    liveLines: false,
    columns: 80,
    onInterrupt: (handle) => {
      handler = handle;
      return () => void (handler = null);
    },
  });
  return { exit, out, err };
}

const schemas = new URL("../../../runtime/cli/schemas/", import.meta.url);

const ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true });
for (const file of readdirSync(schemas)) ajv.addSchema(JSON.parse(readFileSync(new URL(file, schemas), "utf8")) as object);

export const schemaNames: readonly string[] = readdirSync(schemas).map((file) => file.replace(".schema.json", ""));

/** The document that stdout is, held to the schema of its command. */
export function expectJson(schema: string, text: string): Readonly<Record<string, unknown>> {
  const document = JSON.parse(text) as Record<string, unknown>;
  const validate = ajv.getSchema(`${schema}.schema.json`) as ValidateFunction;
  expect(validate(document) ? [] : validate.errors, text).toEqual([]);
  expect(Object.keys(document)[0]).toBe("formatVersion");
  return document;
}

/** A folder that is gone after the tests of this file. */
export function scratchFolder(): {
  readonly path: (name: string) => string;
  readonly write: (name: string, text: string | Uint8Array) => string;
} {
  const folder = mkdtempSync(join(tmpdir(), "sig-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string): string => join(folder, name);
  return {
    path,
    write: (name, text) => {
      writeFileSync(path(name), text);
      return path(name);
    },
  };
}
