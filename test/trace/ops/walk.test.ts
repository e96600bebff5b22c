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

const expectEager = ({ inputs, f, differs }: Call): void => {
  const operands = inputs.map(tensorOf);
  const recorded = (x: tf.Tensor, data: tf.Tensor[]): tf.Tensor => tf.add(inRow(f)(...data), x);
  const [actual] = evaluated(recorded, new Float32Array(1), { data: operands });
  const expected = [...inRow(f)(...operands).dataSync()];
  expect(actual.length).toBe(expected.length);
  if (differs) return;
  const largest = Math.max(1, ...expected.filter(Number.isFinite).map(Math.abs));
  for (const [i, v] of expected.entries()) {
    if (Number.isFinite(v)) expect(Math.abs(actual[i] - v), `[${i}]`).toBeLessThan(1e-5 * largest);
    else expect(actual[i]).toBe(v);
  }
};

describe('recorded, with the result that it has eagerly', () => {
  it.each(each)('$name', (call) => {
    expect(shadow(inRow(call.f), call.inputs.map(tensorOf), 'float32').mismatches).toEqual([]);
    expectEager(call);
  });
});

describe('with derivatives of three orders', () => {
  it.each(each.filter((call) => call.smooth && hasFloats(call)))('$name', ({ inputs, f }) => {
    checkDerivatives(inputs, inRow(f));
  });
});

/** The gradients by tfjs of the sum of squares, in the float operands. */
const gradientsOf =
  ({ inputs, f }: Call): Compute =>
  (...given: tf.Tensor[]) => {
    const places = inputs.flatMap(({ dtype }, i) => (dtype === 'float32' ? [i] : []));
    const ofFloats = (...active: tf.Tensor[]): tf.Tensor => {
      const all = [...given];
      for (const [k, i] of places.entries()) all[i] = active[k];
      return tf.square(inRow(f)(...all));
    };
    return tf.grads(ofFloats)(places.map((i) => given[i]));
  };

/** Some kernels of tfjs have no gradient. */
const hasGradient = (call: Call): boolean => {
  try {
    gradientsOf(call)(...call.inputs.map(tensorOf));
    return true;
  } catch {
    return false;
  }
};

describe('inside of tf.grads, with the gradients that these are eagerly', () => {
  it.each(each.filter((call) => call.smooth && !call.otherGradient && hasFloats(call)))('$name', (call) => {
    if (hasGradient(call)) expectEager({ ...call, f: gradientsOf(call) });
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
