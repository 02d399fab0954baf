import { availableParallelism } from "node:os";
import { describe, expect, test } from "vitest";
import { cgroupQuota, usableCores } from "../../../../../runtime/engines/native/toolchain/cores.js";

const quota = (files: Readonly<Record<string, string>>): number => cgroupQuota((path) => files[path] ?? null);

describe("the quota of a control group, in cores", () => {
  test("without files there is none", () => expect(quota({})).toBe(Infinity));

  test("version 2: the tightest of the group and all above it", () => {
    const files = { "/proc/self/cgroup": "0::/outer/inner\n", "/sys/fs/cgroup/outer/inner/cpu.max": "max 100000\n" };
    expect(quota(files)).toBe(Infinity);
    expect(quota({ ...files, "/sys/fs/cgroup/outer/cpu.max": "150000 100000\n" })).toBe(1.5);
    expect(quota({ ...files, "/sys/fs/cgroup/outer/cpu.max": "150000 100000\n", "/sys/fs/cgroup/cpu.max": "50000 100000\n" })).toBe(0.5);
  });

  test("version 1: quota by period, -1 for none; another controller's group is not read", () => {
    const group = "5:cpu,cpuacct:/box\n4:cpuset:/tight\n";
    const files = (microseconds: string) => ({
      "/proc/self/cgroup": group,
      "/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us": microseconds,
      "/sys/fs/cgroup/cpu/box/cpu.cfs_period_us": "100000\n",
    });
    expect(quota(files("300000\n"))).toBe(3);
    expect(quota(files("-1\n"))).toBe(Infinity);
  });

  test.each(["", "max", "0 0", "x y", "100000 0"])("cpu.max of %j limits nothing", (text) =>
    expect(quota({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": text })).toBe(Infinity),
  );
});

test("at least one core is usable, and no more than the affinity allows", () => {
  expect(usableCores()).toBeGreaterThanOrEqual(1);
  expect(usableCores()).toBeLessThanOrEqual(availableParallelism());
});
