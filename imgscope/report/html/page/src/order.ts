// Orders many rows by a number in a few milliseconds: 150,000 of them are to be sorted between two frames.

const DIGIT = 65_536;

/** Return the places of ``keys`` (whole numbers), smallest first, or largest first; equal ones stay in their order. */
export function order(keys: Float64Array, down: boolean): Uint32Array {
  const count = keys.length;
  let places = new Uint32Array(count);
  for (let at = 0; at < count; at++) places[at] = at;
  if (count < 2) return places;
  let least = keys[0]!;
  let most = keys[0]!;
  for (const key of keys) {
    if (key < least) least = key;
    if (key > most) most = key;
  }
  const numbers = keys.map((key) => (down ? most - key : key - least));
  let next = new Uint32Array(count);
  for (let scale = 1; scale <= most - least; scale *= DIGIT) {
    const starts = new Uint32Array(DIGIT + 1);
    const digit = (at: number): number => Math.floor(numbers[at]! / scale) % DIGIT;
    for (let at = 0; at < count; at++) starts[digit(at) + 1]! += 1;
    for (let at = 0; at < DIGIT; at++) starts[at + 1]! += starts[at]!;
    for (let at = 0; at < count; at++) {
      const place = places[at]!;
      next[starts[digit(place)]!++] = place;
    }
    [places, next] = [next, places];
  }
  return places;
}
