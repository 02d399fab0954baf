/** Dense float64 matrices for the closed forms: the obvious loops, nothing shared with the product. */
export type Matrix = { readonly rows: number; readonly columns: number; readonly data: Float64Array };

export function matrix(rows: number, columns: number, element: (i: number, j: number) => number): Matrix {
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) data[i * columns + j] = element(i, j);
  return { rows, columns, data };
}

export const at = (m: Matrix, i: number, j: number): number => m.data[i * m.columns + j] ?? Number.NaN;
export const map = (m: Matrix, f: (x: number, i: number, j: number) => number): Matrix =>
  matrix(m.rows, m.columns, (i, j) => f(at(m, i, j), i, j));
export const transpose = (m: Matrix): Matrix => matrix(m.columns, m.rows, (i, j) => at(m, j, i));

/** Σ_ij f, compensated (Neumaier), so that the oracle's own rounding stays below the contract's 1e-12. */
export function total(m: Matrix, f: (x: number, i: number, j: number) => number = (x) => x): number {
  let [sum, lost] = [0, 0];
  for (let i = 0; i < m.rows; i++)
    for (let j = 0; j < m.columns; j++) {
      const term = f(at(m, i, j), i, j);
      const next = sum + term;
      lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
      sum = next;
    }
  return sum + lost;
}

export const rowOf = (m: Matrix, i: number): Matrix => matrix(1, m.columns, (_, j) => at(m, i, j));

/** a · bᵀ */
export const timesTransposed = (a: Matrix, b: Matrix): Matrix =>
  matrix(a.rows, b.rows, (i, j) => {
    let sum = 0;
    for (let k = 0; k < a.columns; k++) sum += at(a, i, k) * at(b, j, k);
    return sum;
  });

/** a · b */
export const times = (a: Matrix, b: Matrix): Matrix => timesTransposed(a, transpose(b));

export const scale = (m: Matrix, by: number): Matrix => map(m, (x) => x * by);
export const add = (a: Matrix, b: Matrix): Matrix => map(a, (x, i, j) => x + at(b, i, j));
