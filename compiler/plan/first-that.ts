/** The first number that does, the last where none before it does: those after one that does are held to do as well. */
export function firstThat(does: (candidate: number) => boolean, from: number, last: number): number {
  let [low, high] = [from, last];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (does(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
