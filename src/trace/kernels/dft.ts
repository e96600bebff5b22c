/** Discrete Fourier transforms along the last axis, as products with constant matrices: linear, and so are derivatives. */

import type { Shape } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { Complex, KernelContext } from '../kernel.ts';
import { complex, conjugate, mul, ofParts } from './complex-parts.ts';
import { planOf } from './dft-plan.ts';
import { chirp, chirpSpectrum, halfWaves, waves } from './dft-tables.ts';

const shapeOf = ({ real }: Complex): Shape => real.aval.shape;

/** z with i and 1 exchanged: what turns a transform into the one with the opposite sign, before and after it. */
export const exchanged = ({ real, imag }: Complex): Complex => complex(imag, real);

/**
 * Σ_t z[…, t, …]·exp(−2πi·t·k/n) over one axis of z, for k along the columns of `table`; the sums stand at `to`.
 */
const summed = ({ ops }: KernelContext, z: Complex, table: Complex, axis: number, to: number): Complex => {
  const rank = shapeOf(z).length;
  const lhs = Array.from({ length: rank }, (_, i) => i);
  const out = lhs.toSpliced(axis, 1).toSpliced(to, 0, rank);
  const by = (part: Atom, wave: Atom): Atom => ops.dot(part, wave, { lhs, rhs: [axis, rank], out });
  return complex(
    ops.add(by(z.real, table.real), by(z.imag, table.imag)),
    ops.sub(by(z.imag, table.real), by(z.real, table.imag)),
  );
};

/** A constant along the last axes of z, one for each of the leading ones. */
const repeated = ({ ops }: KernelContext, table: Complex, z: Complex): Complex => {
  const shape = shapeOf(z);
  const first = shape.length - shapeOf(table).length;
  const axes = shapeOf(table).map((_, i) => first + i);
  return ofParts(table, (part) => ops.broadcast(part, shape, axes));
};

/**
 * Cooley and Tukey (1965): with t = t₁·inner + t₂ and k = k₁ + outer·k₂, transforms over t₁, twiddle factors, transforms
 * over t₂. Of a real z those of k₁ ≤ outer/2 will do.
 */
const split = (context: KernelContext, z: Complex, outer: number, inner: number, real: boolean): Complex => {
  const { ops } = context;
  const lead = shapeOf(z).slice(0, -1);
  const rank = lead.length;
  const kept = real ? (outer >> 1) + 1 : outer;
  const grid = ofParts(z, (part) => ops.reshape(part, [...lead, outer, inner]));
  const first = summed(context, grid, waves(context, outer, kept, outer), rank, rank);
  const twiddle = repeated(context, waves(context, kept, inner, outer * inner), first);
  const turned = mul(context, first, conjugate(context, twiddle));
  const result = dft(context, turned, rank);
  const whole = real ? withConjugates(context, result, outer) : result;
  return ofParts(whole, (part) => ops.reshape(part, [...lead, outer * inner]));
};

/** […, k₂, k₁] with the k₁ > outer/2 that are the conjugates of others: k₁, k₂ is that of outer − k₁, inner − 1 − k₂. */
const withConjugates = (context: KernelContext, z: Complex, outer: number): Complex => {
  const { ops } = context;
  const last = shapeOf(z).length - 1;
  const kept = shapeOf(z)[last];
  const mirrored = ofParts(z, (part) => ops.reverse(ops.sliceAxis(part, last, 1, outer - kept + 1), [last - 1, last]));
  return joined(context, z, conjugate(context, mirrored));
};

const joined = ({ ops }: KernelContext, a: Complex, b: Complex): Complex => {
  const last = shapeOf(a).length - 1;
  if (shapeOf(b)[last] === 0) return a;
  return complex(ops.concat([a.real, b.real], last), ops.concat([a.imag, b.imag], last));
};

/** Bluestein (1970): a transform as a convolution with a chirp, which is made by transforms of a length that factors. */
const convolved = (context: KernelContext, z: Complex, n: number, length: number): Complex => {
  const { ops } = context;
  const last = shapeOf(z).length - 1;
  const factors = repeated(context, chirp(context, n), z);
  const room = (part: Atom): Atom =>
    ops.pad(
      part,
      shapeOf(z).map(() => 0),
      shapeOf(z).map((_, i) => (i === last ? length - n : 0)),
    );
  const spectrum = dft(context, ofParts(mul(context, z, factors), room));
  const product = mul(context, spectrum, repeated(context, chirpSpectrum(context, n, length), spectrum));
  const back = exchanged(dft(context, exchanged(product)));
  return mul(
    context,
    ofParts(back, (part) => ops.sliceAxis(part, last, 0, n)),
    factors,
  );
};

/** Σ_t z[…, t]·exp(−2πi·t·k/n); k stands at `to`, last unless it is given. */
export const dft = (context: KernelContext, z: Complex, to = shapeOf(z).length - 1): Complex => {
  const last = shapeOf(z).length - 1;
  const n = shapeOf(z)[last];
  const plan = planOf(n);
  if (plan.kind === 'direct') return summed(context, z, waves(context, n, n, n), last, to);
  const result =
    plan.kind === 'split' ? split(context, z, plan.outer, plan.inner, false) : convolved(context, z, n, plan.length);
  return ofParts(result, (part) => context.ops.moveAxis(part, last, to));
};

/** The same of a real operand: a half of it is made, the rest are conjugates of that. */
export const realDft = (context: KernelContext, x: Atom): Complex => {
  const { ops } = context;
  const z = complex(x, ops.full(x, 0));
  const last = x.aval.shape.length - 1;
  const n = x.aval.shape[last];
  const plan = planOf(n);
  if (plan.kind === 'split') return split(context, z, plan.outer, plan.inner, true);
  if (plan.kind === 'chirp') return convolved(context, z, n, plan.length);
  const kept = (n >> 1) + 1;
  const half = summed(context, z, waves(context, n, kept, n), last, last);
  const mirrored = ofParts(half, (part) => ops.reverse(ops.sliceAxis(part, last, 1, n - kept + 1), [last]));
  return joined(context, half, conjugate(context, mirrored));
};

/** The real sequence whose transform is z and the conjugates of z after it, if that is one product. */
export const realInverse = (context: KernelContext, z: Complex, n: number): Atom | undefined => {
  if (planOf(n).kind !== 'direct') return undefined;
  const last = shapeOf(z).length - 1;
  return summed(context, conjugate(context, z), halfWaves(context, shapeOf(z)[last], n), last, last).real;
};
