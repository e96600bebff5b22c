/** The numbers of a dot: operands laid out as matrices, and a blocked matrix product over typed arrays. */

import { allocate, sizeOf, stridesOf, type TypedArray, type Value } from '../ir/aval.ts';
import type { DotParams } from '../ir/params.ts';
import { walk } from './strided.ts';

/** Columns of a block: a row of sums of that length stays in the first-level cache. */
const BLOCK = 1024;
/** With fewer columns than this, row-times-column sums are faster than row updates. */
const NARROW = 4;

/** out[m, n] += a[m, k] · b[k, n], each array from an offset on; sums are kept in float64. */
const rowUpdates = (
  a: TypedArray,
  b: TypedArray,
  out: TypedArray,
  [ao, bo, oo]: readonly number[],
  [m, k, n]: readonly number[],
  sums: Float64Array,
): void => {
  for (let first = 0; first < n; first += BLOCK) {
    const width = Math.min(BLOCK, n - first);
    for (let i = 0; i < m; i++) {
      sums.fill(0, 0, width);
      const row = ao + i * k;
      let p = 0;
      for (; p + 3 < k; p += 4) {
        const a0 = a[row + p];
        const a1 = a[row + p + 1];
        const a2 = a[row + p + 2];
        const a3 = a[row + p + 3];
        const b0 = bo + p * n + first;
        const b1 = b0 + n;
        const b2 = b1 + n;
        const b3 = b2 + n;
        for (let j = 0; j < width; j++) sums[j] += a0 * b[b0 + j] + a1 * b[b1 + j] + (a2 * b[b2 + j] + a3 * b[b3 + j]);
      }
      for (; p < k; p++) {
        const a0 = a[row + p];
        const b0 = bo + p * n + first;
        for (let j = 0; j < width; j++) sums[j] += a0 * b[b0 + j];
      }
      const to = oo + i * n + first;
      for (let j = 0; j < width; j++) out[to + j] = sums[j];
    }
  }
};

/** out[m, n] = a[m, k] · bᵀ, with b[n, k]. */
const innerProducts = (
  a: TypedArray,
  b: TypedArray,
  out: TypedArray,
  [ao, bo, oo]: readonly number[],
  [m, k, n]: readonly number[],
): void => {
  for (let i = 0; i < m; i++) {
    const row = ao + i * k;
    for (let j = 0; j < n; j++) {
      const column = bo + j * k;
      let even = 0;
      let odd = 0;
      let p = 0;
      for (; p + 1 < k; p += 2) {
        even += a[row + p] * b[column + p];
        odd += a[row + p + 1] * b[column + p + 1];
      }
      if (p < k) even += a[row + p] * b[column + p];
      out[oo + i * n + j] = even + odd;
    }
  }
};

/** The operand's data with its axes in the order of `labels`; itself where they are already. */
const laidOut = (x: Value, own: readonly number[], labels: readonly number[]): TypedArray => {
  const strides = stridesOf(x.shape);
  const axes = labels.map((label) => own.indexOf(label));
  const order = axes.filter((axis) => x.shape[axis] !== 1);
  if (order.every((axis, i) => i === 0 || axis > order[i - 1])) return x.data;
  const data = allocate(x.dtype, x.data.length);
  const shape = axes.map((axis) => x.shape[axis]);
  walk(
    'copy',
    shape,
    { data: x.data, offset: 0, strides: axes.map((axis) => strides[axis]) },
    { data, offset: 0, strides: stridesOf(shape) },
  );
  return data;
};

/** Computes a dot into `output`: [batch, m, k] · [batch, k, n], then axes in the order of `out`. */
export const contract = (x: Value, y: Value, { lhs, rhs, out }: DotParams, output: Value): void => {
  const extent = (label: number): number =>
    lhs.includes(label) ? x.shape[lhs.indexOf(label)] : y.shape[rhs.indexOf(label)];
  const batch = out.filter((label) => lhs.includes(label) && rhs.includes(label));
  const rows = out.filter((label) => !rhs.includes(label));
  const columns = out.filter((label) => !lhs.includes(label));
  const summed = lhs.filter((label) => !out.includes(label));
  const [count, m, n, k] = [batch, rows, columns, summed].map((labels) => sizeOf(labels.map(extent)));
  const narrow = n < NARROW;
  const a = laidOut(x, lhs, [...batch, ...rows, ...summed]);
  const b = laidOut(y, rhs, narrow ? [...batch, ...columns, ...summed] : [...batch, ...summed, ...columns]);
  const natural = [...batch, ...rows, ...columns];
  const inPlace = natural.every((label, i) => label === out[i]);
  const target = inPlace ? output.data : allocate(output.dtype, output.data.length);
  const sums = new Float64Array(Math.min(n, BLOCK));
  for (let i = 0; i < count; i++) {
    const offsets = [i * m * k, i * k * n, i * m * n];
    if (narrow) innerProducts(a, b, target, offsets, [m, k, n]);
    else rowUpdates(a, b, target, offsets, [m, k, n], sums);
  }
  if (inPlace) return;
  const strides = stridesOf(output.shape);
  walk(
    'copy',
    natural.map(extent),
    { data: target, offset: 0, strides: stridesOf(natural.map(extent)) },
    { data: output.data, offset: 0, strides: natural.map((label) => strides[out.indexOf(label)]) },
  );
};
