/** Powers of 1024 are spelt KiB, MiB, …; powers of 1000 kB, MB, …: a budget must not mean two things. */
const units: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
};

/** `2GiB`, `512 MiB`, `1.5GB`, `4096` → bytes, rounded down; null where it is none of these. */
export function parseBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = (match?.[2] ?? "").toLowerCase();
  const scale = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (match === null || scale === undefined) return null;
  const bytes = Math.floor(Number(match[1]) * scale);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}
