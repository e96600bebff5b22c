/** Polynomials inside a nest. */

import type { V, Writer } from './writer.ts';

/**
 * Σ coefficients[i]·x^i. Neighbours are joined in pairs, and these in pairs again (G. Estrin, 1960): a short chain of
 * operations that wait for each other.
 */
export const polynomial = (w: Writer, x: V, coefficients: readonly number[]): V => {
  let terms = coefficients.map((c) => w.constant(c));
  let power = x;
  for (;;) {
    const joined: V[] = [];
    for (let i = 0; i < terms.length; i += 2) {
      joined.push(i + 1 < terms.length ? w.op('add', terms[i], w.op('mul', terms[i + 1], power)) : terms[i]);
    }
    if (joined.length === 1) return joined[0];
    terms = joined;
    power = w.op('mul', power, power);
  }
};
