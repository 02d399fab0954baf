/**
 * Flags for the many kernels that are compiled to run for a moment: half the time of -O2. The second has GCC form fused
 * multiply-adds, so that rounding is what users get.
 */
export const quickly: readonly string[] = ["-O1", "-fexpensive-optimizations"];
