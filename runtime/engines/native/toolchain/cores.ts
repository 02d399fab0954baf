/** The cores that this process may keep busy: what its affinity and its control group leave it. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";

type Read = (path: string) => string | null;

/** Threads beyond a quota do not share it, they are stopped for the rest of each period; so a part of a core counts for none. */
export function usableCores(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(cgroupQuota(readOrNull))));
}

/** In cores; Infinity where nothing is limited. Node asks for the affinity, and for the quota only since version 22. */
export function cgroupQuota(read: Read): number {
  const groups = (read("/proc/self/cgroup") ?? "").split("\n").map((line) => line.split(":"));
  const limits = groups.flatMap(([, controllers = "", ...rest]) => {
    const path = rest.join(":");
    if (controllers === "") return ancestors("/sys/fs/cgroup", path).map((folder) => unified(read(join(folder, "cpu.max"))));
    if (!controllers.split(",").includes("cpu")) return [];
    return ancestors("/sys/fs/cgroup/cpu", path).map((folder) =>
      ratio(read(join(folder, "cpu.cfs_quota_us")), read(join(folder, "cpu.cfs_period_us"))),
    );
  });
  return Math.min(Infinity, ...limits);
}

/** The folder of a group and of all above it: each of them limits. Inside a container the upper ones are not mounted. */
function ancestors(mount: string, group: string): readonly string[] {
  const folders: string[] = [];
  for (let path = join("/", group); ; path = dirname(path)) {
    folders.push(join(mount, path));
    if (path === "/") return folders;
  }
}

/** `max 100000` or `150000 100000`: microseconds of CPU time in each period of microseconds. */
const unified = (text: string | null): number => {
  const [quota = "", period = ""] = (text ?? "").trim().split(" ");
  return ratio(quota, period);
};

const ratio = (quota: string | null, period: string | null): number => {
  const cores = Number(quota ?? Number.NaN) / Number(period ?? Number.NaN);
  return cores > 0 ? cores : Infinity;
};

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
