/** Plain complex numbers and discrete Fourier transforms, by their definitions: what tests of recorded ones compare with. */

export type C = readonly [number, number];

export const cAdd = ([a, b]: C, [c, d]: C): C => [a + c, b + d];
export const cMul = ([a, b]: C, [c, d]: C): C => [a * c - b * d, a * d + b * c];
export const cDiv = ([a, b]: C, [c, d]: C): C => {
  const size = c * c + d * d;
  return [(a * c + b * d) / size, (b * c - a * d) / size];
};
export const cExp = ([a, b]: C): C => [Math.exp(a) * Math.cos(b), Math.exp(a) * Math.sin(b)];
export const cLog = ([a, b]: C): C => [Math.log(Math.hypot(a, b)), Math.atan2(b, a)];
export const cPow = (z: C, w: C): C => cExp(cMul(w, cLog(z)));
const halves = (a: C, b: C): C => cMul(cAdd(a, b), [0.5, 0]);
const minus = ([a, b]: C): C => [-a, -b];
export const cSinh = (z: C): C => halves(cExp(z), minus(cExp(minus(z))));

/** Σ_t z[t]·exp(∓2πi·t·k/n) of each row, by the definition; angles are reduced before they are rounded. */
export const plainDft = (rows: readonly C[][], sign: 1 | -1): C[][] =>
  rows.map((row) =>
    row.map((_, k) =>
      row.reduce<C>(
        (sum, z, t) => {
          const angle = (sign * 2 * Math.PI * ((t * k) % row.length)) / row.length;
          return cAdd(sum, cMul(z, [Math.cos(angle), Math.sin(angle)]));
        },
        [0, 0],
      ),
    ),
  );
