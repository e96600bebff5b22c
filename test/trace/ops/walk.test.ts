/** Every public function of tfjs: called in a recorded function with the result that it has eagerly, or refused, or said to be apart. */

import * as tf from '@tensorflow/tfjs';
import * as core from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { tensorOf } from '../kernels/case.ts';
import { checkDerivatives } from '../kernels/check-derivatives.ts';
import { shadow } from '../kernels/shadow.ts';
import { evaluated, refusal } from '../recording.ts';
import type { Call, Calls, Compute } from './call.ts';
import { creation, indexing, movement, reductions } from './calls/arrays.ts';
import { elementwise } from './calls/elementwise.ts';
import { engine } from './calls/engine.ts';
import { convolutions, images, layers, losses, products } from './calls/networks.ts';
import { signals } from './calls/signals.ts';
import { apart, refusedCalls } from './refused.ts';

const tables: readonly Calls[] = [
  ...[elementwise, creation, movement, indexing, reductions],
  ...[products, convolutions, layers, losses, images, signals, engine],
];
const calls: Calls = Object.assign({}, ...tables);

const { browser, fused, image, linalg, losses: lossOps, math, signal, sparse, string } = core;
// tf.spectral has the same functions as tf.
const NAMESPACES = { browser, fused, image, linalg, losses: lossOps, math, signal, sparse, string };

const functionsIn = (holder: object): string[] =>
  Object.entries(holder).flatMap(([name, value]) => (typeof value === 'function' && /^[a-z]/.test(name) ? [name] : []));

const publicNames = [
  ...functionsIn(core),
  ...Object.entries(NAMESPACES).flatMap(([space, holder]) => functionsIn(holder).map((name) => `${space}.${name}`)),
];

/** All results in a row, as floats. */
const inRow =
  (f: Compute) =>
  (...operands: tf.Tensor[]): tf.Tensor =>
    tf.concat([f(...operands)].flat().map((t) => tf.reshape(tf.cast(t, 'float32'), [-1])));

const each = Object.entries(calls).flatMap(([name, list]) =>
  list.map((call, i) => ({ name: list.length > 1 ? `${name} ${i + 1}` : name, ...call })),
);

const hasFloats = ({ inputs }: Call): boolean => inputs.some(({ dtype }) => dtype === 'float32');

beforeAll(() => tf.setBackend('cpu'));

it('knows every public function of tfjs-core, once', () => {
  const known = [...Object.keys(calls), ...Object.keys(refusedCalls), ...Object.values(apart).flat()];
  expect(known.filter((name, i) => known.indexOf(name) !== i)).toEqual([]);
  expect(tables.reduce((n, table) => n + Object.keys(table).length, 0)).toBe(Object.keys(calls).length);
  expect(publicNames.filter((name) => !known.includes(name))).toEqual([]);
  expect(known.filter((name) => !publicNames.includes(name))).toEqual([]);
});

describe('recorded, with the result that it has eagerly', () => {
  it.each(each)('$name', ({ inputs, f, differs }) => {
    const operands = inputs.map(tensorOf);
    expect(shadow(inRow(f), operands, 'float32').mismatches).toEqual([]);
    const [actual] = evaluated((x: tf.Tensor, data: tf.Tensor[]) => tf.add(inRow(f)(...data), x), new Float32Array(1), {
      data: operands,
    });
    const expected = [...inRow(f)(...operands).dataSync()];
    expect(actual.length).toBe(expected.length);
    if (differs) return;
    const largest = Math.max(1, ...expected.filter(Number.isFinite).map(Math.abs));
    for (const [i, v] of expected.entries()) {
      if (Number.isFinite(v)) expect(Math.abs(actual[i] - v), `[${i}]`).toBeLessThan(1e-5 * largest);
      else expect(actual[i]).toBe(v);
    }
  });
});

describe('with derivatives of three orders', () => {
  it.each(each.filter((call) => call.smooth && hasFloats(call)))('$name', ({ inputs, f }) => {
    checkDerivatives(inputs, inRow(f));
  });
});

describe('refused', () => {
  it.each(Object.entries(refusedCalls))('%s', (_name, { inputs, f, code, says }) => {
    const ignoring = (x: tf.Tensor, data: tf.Tensor[]): tf.Tensor => {
      f(...data);
      return tf.sum(x);
    };
    const error = refusal(ignoring, new Float32Array(1), { data: inputs.map(tensorOf) });
    expect(error.code).toBe(code);
    expect(error.message).toMatch(says);
  });
});
