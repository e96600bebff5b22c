/** Walks two strided arrays side by side: the one loop under all primitives that move, add up or compare elements. */

import type { Shape, TypedArray } from '../ir/aval.ts';

/** What a walk does to a target element with a source element. */
export type Combine = 'copy' | 'add' | 'max' | 'min';

/** One of the arrays: where the walk starts, and how far it goes along each axis (0 stays, negative goes back). */
export interface Strided {
  readonly data: TypedArray;
  readonly offset: number;
  readonly strides: readonly number[];
}

interface Axis {
  length: number;
  source: number;
  target: number;
}

/** Axes of length 1 dropped, neighbours that both arrays lay out as one joined. */
const joinedAxes = (shape: Shape, source: readonly number[], target: readonly number[]): Axis[] => {
  const axes: Axis[] = [];
  for (const [i, length] of shape.entries()) {
    if (length === 1) continue;
    const last = axes.at(-1);
    if (last && last.source === source[i] * length && last.target === target[i] * length) {
      last.length *= length;
      last.source = source[i];
      last.target = target[i];
    } else axes.push({ length, source: source[i], target: target[i] });
  }
  return axes;
};

/** Copies shorter than this are faster as a loop than as a call of `set`. */
const LONG_LINE = 24;

type Plane = (source: TypedArray, target: TypedArray, s: number, t: number, outer: Axis, inner: Axis) => void;

const copyPlane: Plane = (source, target, s, t, outer, inner) => {
  const { length: n, source: ds, target: dt } = inner;
  for (let i = 0; i < outer.length; i++, s += outer.source, t += outer.target) {
    if (ds === 1 && dt === 1) {
      if (n >= LONG_LINE) target.set(source.subarray(s, s + n), t);
      else for (let j = 0; j < n; j++) target[t + j] = source[s + j];
    } else if (ds === 0 && dt === 1) target.fill(source[s], t, t + n);
    else for (let j = 0, p = s, q = t; j < n; j++, p += ds, q += dt) target[q] = source[p];
  }
};

const addPlane: Plane = (source, target, s, t, outer, inner) => {
  const { length: n, source: ds, target: dt } = inner;
  for (let i = 0; i < outer.length; i++, s += outer.source, t += outer.target) {
    if (dt === 0) {
      let sum = target[t];
      for (let j = 0, p = s; j < n; j++, p += ds) sum += source[p];
      target[t] = sum;
    } else for (let j = 0, p = s, q = t; j < n; j++, p += ds, q += dt) target[q] += source[p];
  }
};

// A NaN on either side stays.
const maxPlane: Plane = (source, target, s, t, outer, inner) => {
  const { length: n, source: ds, target: dt } = inner;
  for (let i = 0; i < outer.length; i++, s += outer.source, t += outer.target) {
    for (let j = 0, p = s, q = t; j < n; j++, p += ds, q += dt) target[q] = Math.max(target[q], source[p]);
  }
};

const minPlane: Plane = (source, target, s, t, outer, inner) => {
  const { length: n, source: ds, target: dt } = inner;
  for (let i = 0; i < outer.length; i++, s += outer.source, t += outer.target) {
    for (let j = 0, p = s, q = t; j < n; j++, p += ds, q += dt) target[q] = Math.min(target[q], source[p]);
  }
};

const PLANES: Record<Combine, Plane> = { copy: copyPlane, add: addPlane, max: maxPlane, min: minPlane };
const SINGLE: Axis = { length: 1, source: 0, target: 0 };

/** Combines every source element of an index space of `shape` into its target element, in row-major order. */
export const walk = (combine: Combine, shape: Shape, source: Strided, target: Strided): void => {
  if (shape.includes(0)) return;
  const axes = joinedAxes(shape, source.strides, target.strides);
  const plane = PLANES[combine];
  const inner = axes.pop() ?? SINGLE;
  const outer = axes.pop() ?? SINGLE;
  const counts = new Array<number>(axes.length).fill(0);
  let s = source.offset;
  let t = target.offset;
  for (;;) {
    plane(source.data, target.data, s, t, outer, inner);
    let k = axes.length - 1;
    for (; k >= 0; k--) {
      const axis = axes[k];
      s += axis.source;
      t += axis.target;
      counts[k]++;
      if (counts[k] < axis.length) break;
      s -= axis.source * axis.length;
      t -= axis.target * axis.length;
      counts[k] = 0;
    }
    if (k < 0) return;
  }
};
