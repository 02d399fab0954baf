/** How many bytes of buffers are alive at each step, by differences. */
type Living = { readonly from: number; readonly to: number; readonly bytes: number };

function liveBytes(buffers: readonly Living[], steps: number): Float64Array {
  const change = new Float64Array(steps + 1);
  for (const { from, to, bytes } of buffers) {
    const after = Math.min(to, steps - 1) + 1;
    change[from] = (change[from] ?? 0) + bytes;
    change[after] = (change[after] ?? 0) - bytes;
  }
  for (let k = 1; k < change.length; k++) change[k] = (change[k] ?? 0) + (change[k - 1] ?? 0);
  return change.subarray(0, steps);
}

/** The first step with the most. */
export function busiestStep(buffers: readonly Living[], steps: number): number {
  const live = liveBytes(buffers, Math.max(steps, 1));
  return live.reduce((best, bytes, step) => (bytes > (live[best] ?? 0) ? step : best), 0);
}

export function mostAlive(buffers: readonly Living[]): number {
  const steps = buffers.reduce((end, { to }) => Math.max(end, to + 1), 1);
  return liveBytes(buffers, steps).reduce((most, bytes) => Math.max(most, bytes), 0);
}
