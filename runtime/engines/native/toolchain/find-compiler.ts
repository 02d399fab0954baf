/** The C compiler of this system: $CC where it is set, else the first of cc, gcc and clang on PATH. Nothing is downloaded, no shell is asked. */
import { execFile } from "node:child_process";
import { accessSync, constants, readFileSync, realpathSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

export type Compiler = {
  /** Absolute, and not resolved further: ccache and its like tell by this name whom they stand for. */
  readonly path: string;
  /** What $CC holds after the command. */
  readonly prefix: readonly string[];
  /** The first line of `--version`. */
  readonly version: string;
  /** Changes where the compiler does, wrappers aside: the resolved path, its size in bytes and its time of change. */
  readonly identity: string;
};

export type CompilerSearch =
  | { readonly found: true; readonly compiler: Compiler }
  | { readonly found: false; readonly reason: string; readonly fix: string };

const names = ["cc", "gcc", "clang"] as const;

export async function findCompiler(environment: Environment = process.env): Promise<CompilerSearch> {
  if (process.platform === "win32")
    return missing("it is built for Linux and macOS only", "use another engine, or run inside the Windows Subsystem for Linux");
  const wanted = environment["CC"]?.trim() ?? "";
  // A path may hold spaces, and so may a command with arguments; a file that is there decides.
  const [command = "", ...prefix] = isProgram(wanted) ? [wanted] : wanted.split(/\s+/);
  const path = command === "" ? firstOf(names.map((name) => onPath(name, environment))) : locate(command, environment);
  if (path === null)
    return command === ""
      ? missing(`none of ${names.join(", ")} is on PATH`)
      : missing(`CC=${wanted} names no program`, "unset CC, or let it name a C compiler");
  const version = await versionOf(path, prefix);
  // Apple's /usr/bin/cc is there before any compiler is, and fails.
  return version === null
    ? missing(`${path} --version fails`)
    : { found: true, compiler: { path, prefix, version, identity: identityOf(path) } };
}

const missing = (reason: string, fix: string = howToInstall()): CompilerSearch => ({ found: false, reason, fix });

const firstOf = (found: readonly (string | null)[]): string | null => found.find((path) => path !== null) ?? null;

const locate = (command: string, environment: Environment): string | null => {
  if (!command.includes("/")) return onPath(command, environment);
  const path = resolve(command);
  return isProgram(path) ? path : null;
};

/** An empty or relative entry of PATH means the current folder, whose owner may be anybody: passed over. */
const onPath = (name: string, environment: Environment): string | null =>
  (environment["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, name))
    .find(isProgram) ?? null;

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function versionOf(path: string, prefix: readonly string[]): Promise<string | null> {
  return new Promise((answer) =>
    execFile(path, [...prefix, "--version"], { timeout: 20_000, env: { ...process.env, LC_ALL: "C" } }, (error, stdout) => {
      const first = stdout.split("\n")[0]?.trim() ?? "";
      answer(error === null && first !== "" ? first : null);
    }),
  );
}

function identityOf(path: string): string {
  const real = realpathSync(path);
  const { size, mtimeNs } = statSync(real, { bigint: true });
  return `${real} ${size} ${mtimeNs}`;
}

/** By the ID and ID_LIKE of /etc/os-release. Headers are packages of their own on some. */
const packages: readonly (readonly [ids: readonly string[], command: string])[] = [
  [["debian", "ubuntu"], "apt-get install gcc libc6-dev"],
  [["fedora", "rhel", "centos", "amzn"], "dnf install gcc"],
  [["alpine"], "apk add gcc musl-dev"],
  [["arch"], "pacman -S gcc"],
  [["suse", "opensuse"], "zypper install gcc"],
];

export function howToInstall(platform: string = process.platform, osRelease: () => string = readOsRelease): string {
  if (platform === "darwin") return "xcode-select --install";
  const release = osRelease();
  const ids = [...release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(([, value = ""]) => value.split(" "));
  const known = packages.find(([family]) => family.some((id) => ids.includes(id)));
  return known?.[1] ?? "install gcc (11 or newer) or clang (14 or newer) with the headers of the C library";
}

function readOsRelease(): string {
  try {
    return readFileSync("/etc/os-release", "utf8");
  } catch {
    return "";
  }
}
