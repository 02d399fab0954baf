/** Text that is equal where kernels are equal. JSON alone has no −0, NaN or infinity: those constants would meet. */
import type { Kernel, Scalar } from "./kernel.js";

export const scalarText = (scalar: Scalar): string =>
  scalar.kind === "const" ? `const ${Object.is(scalar.value, -0) ? "-0" : scalar.value} ${scalar.dtype}` : JSON.stringify(scalar);

export function kernelText(kernel: Kernel): string {
  return "scalars" in kernel ? JSON.stringify({ ...kernel, scalars: kernel.scalars.map(scalarText) }) : JSON.stringify(kernel);
}
