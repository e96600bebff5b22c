/** Zernike polynomials over a round pupil, each of unit variance there: the usual names for the errors of a mirror. */

export interface Mode {
  /** Noll's number: 1 is piston, 2 and 3 are tilts, 4 is defocus. */
  readonly noll: number;
  readonly name: string;
  /** Row-major over the pupil's square grid. */
  readonly values: Float64Array;
}

const NAMES: Record<number, string> = {
  2: 'tilt x',
  3: 'tilt y',
  4: 'defocus',
  5: 'astigmatism /',
  6: 'astigmatism +',
  7: 'coma y',
  8: 'coma x',
  9: 'trefoil y',
  10: 'trefoil x',
  11: 'spherical',
};

/** The radial and the azimuthal order of Noll's number; a negative azimuthal order is a sine. */
const ordersOf = (noll: number): [n: number, m: number] => {
  let n = 0;
  let rest = noll - 1;
  while (rest > n) rest -= ++n;
  const m = (n % 2) + 2 * ((rest + ((n + 1) % 2)) >> 1);
  return [n, noll % 2 === 0 ? m : -m];
};

const factorial = (k: number): number => (k < 2 ? 1 : k * factorial(k - 1));

const radial = (n: number, m: number, r: number): number => {
  let sum = 0;
  for (let k = 0; k <= (n - m) / 2; k++) {
    const divisor = factorial(k) * factorial((n + m) / 2 - k) * factorial((n - m) / 2 - k);
    sum += ((k % 2 === 0 ? 1 : -1) * factorial(n - k) * r ** (n - 2 * k)) / divisor;
  }
  return sum;
};

/** The middle of grid point i, from −1 to 1 across the pupil. */
const coordinate = (i: number, side: number): number => (2 * i + 1) / side - 1;

/** 1 inside the pupil's circle, else 0. */
export const circle = (side: number): Float64Array =>
  Float64Array.from({ length: side * side }, (_, k) =>
    Math.hypot(coordinate(k % side, side), coordinate(Math.floor(k / side), side)) <= 1 ? 1 : 0,
  );

export const zernike = (noll: number, side: number): Mode => {
  const [n, m] = ordersOf(noll);
  const size = Math.sqrt(n + 1) * (m === 0 ? 1 : Math.SQRT2);
  const values = circle(side).map((inside, k) => {
    const x = coordinate(k % side, side);
    const y = coordinate(Math.floor(k / side), side);
    const angle = Math.abs(m) * Math.atan2(y, x);
    return inside * size * radial(n, Math.abs(m), Math.hypot(x, y)) * (m < 0 ? Math.sin(angle) : Math.cos(angle));
  });
  return { noll, name: NAMES[noll] ?? `${n}, ${m}`, values };
};
