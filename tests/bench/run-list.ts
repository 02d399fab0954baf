/**
 * `npm run bench` measures what docs/benchmarks/ does not have yet, so that it can be stopped and begun again; `npm run bench --
 * ID…` measures those anew. For a machine that has nothing else to do. Then `npm run bench:report`.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { BenchDocument } from "../../runtime/cli/bench-document.js";
import { type Entry, list, NEAR } from "./list.js";
import { readResult, timedPeers, writeResult } from "./results.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

const flags: Readonly<Record<BenchDocument["work"], readonly string[]>> = { results: [], gradients: ["--grad"], step: ["--step"] };

function measure({ id, program, work = "gradients", set, memory, against, seconds, peersNearIn }: Entry): boolean {
  const peers = peersNearIn === undefined ? against : nearIn(peersNearIn, against);
  const argv = [
    ...["dist/sigc.js", "bench", program, ...flags[work], "--engine", "native", "--json", "--seconds", String(seconds)],
    ...Object.entries(set).flatMap(([name, value]) => ["--set", `${name}=${value}`]),
    ...(memory === undefined ? [] : ["--memory", memory]),
    ...(peers.length === 0 ? [] : ["--against", peers.join(",")]),
  ];
  process.stderr.write(`${id}: sigc ${argv.slice(1).join(" ")}\n`);
  // A process of its own: resident memory is counted from its start.
  const begun = performance.now();
  const { status, stdout } = spawnSync(process.execPath, argv, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  process.stderr.write(`${id}: ${((performance.now() - begun) / 1000).toFixed(0)} s${status === 0 ? "" : `, and it failed: ${stdout}`}\n`);
  if (status === 0) writeResult(id, stdout);
  return status === 0;
}

/** The peers that came near the fastest there; all where that is not known. */
function nearIn(id: string, against: readonly string[]): readonly string[] {
  const result = readResult(id);
  const [fastest, ...others] = result === null ? [] : timedPeers(result);
  if (fastest === undefined) return against;
  return [fastest, ...others.filter(({ medianMs }) => medianMs <= NEAR * fastest.medianMs)].map(({ name, heap }) => `${name}/${heap}`);
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((id) => !list.some((entry) => entry.id === id));
if (unknown.length > 0) {
  process.stderr.write(`there is no ${unknown.join(", ")}; there is ${list.map(({ id }) => id).join(", ")}\n`);
  process.exit(2);
}
const due = list.filter(({ id }) => (wanted.length > 0 ? wanted.includes(id) : readResult(id) === null));
const failed = due.filter((entry) => !measure(entry));
process.stderr.write(`${due.length - failed.length} measured, ${list.length - due.length} left as they are, ${failed.length} failed\n`);
process.exit(failed.length === 0 ? 0 : 1);
