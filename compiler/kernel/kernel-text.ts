/** Text that is equal where kernels are equal. JSON alone has no −0, NaN or infinity: those constants would meet. */
import type { Factor, Kernel, Scalar } from "./kernel.js";

export const scalarText = (scalar: Scalar): string =>
  scalar.kind === "const" ? `const ${Object.is(scalar.value, -0) ? "-0" : scalar.value} ${scalar.dtype}` : JSON.stringify(scalar);

export function kernelText(kernel: Kernel): string {
  if (!("scalars" in kernel)) return JSON.stringify(kernel);
  const factor = ({ scalars, value }: Factor) => ({ scalars: scalars.map(scalarText), value });
  const factors = kernel.form === "contract" ? { left: factor(kernel.left), right: factor(kernel.right) } : {};
  return JSON.stringify({ ...kernel, ...factors, scalars: kernel.scalars.map(scalarText) });
}
