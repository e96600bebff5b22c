/** Recording, running what was recorded, and catching what was refused, for the tests of the recorder. */

import type * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { DiffopsError } from '../../src/errors.ts';
import { checkProgram } from '../../src/interpret/check.ts';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import type { FloatDtype } from '../../src/ir/aval.ts';
import { printProgram } from '../../src/ir/printer.ts';
import { type Flat, flattenTree } from '../../src/pytree.ts';
import { type RecordedFunction, type Recording, record } from '../../src/trace/record.ts';
import { valuesOf } from '../../src/unflatten.ts';

export type T = tf.Tensor;

export const flatX = (tree: unknown): Flat => flattenTree(tree, { name: 'x', finite: false, differentiated: true });
export const flatData = (tree: unknown): Flat =>
  flattenTree(tree, { name: 'data', finite: false, differentiated: false });

interface Given {
  readonly data?: unknown;
  readonly precision?: FloatDtype;
}

const recordAt = (f: RecordedFunction, x: unknown, { data, precision = 'float32' }: Given): Recording =>
  record(f, flatX(x), data === undefined ? undefined : flatData(data), precision);

export const printed = (f: RecordedFunction, x: unknown, given: Given = {}): string => {
  const { program } = recordAt(f, x, given);
  checkProgram(program);
  return printProgram(program);
};

/** The values of f's outputs, by the program that f was recorded as. */
export const evaluated = (f: RecordedFunction, x: unknown, given: Given = {}): number[][] => {
  const { data, precision = 'float32' } = given;
  const { program, constants } = recordAt(f, x, given);
  checkProgram(program);
  const inputs = [...valuesOf(flatX(x), precision), ...(data === undefined ? [] : valuesOf(flatData(data), precision))];
  return evaluateProgram(program, [...inputs, ...constants]).map((value) => [...value.data]);
};

/** The error that recording f ends with. */
export const refusal = (
  f: RecordedFunction,
  x: unknown = new Float32Array([1, 2]),
  given: Given = {},
): DiffopsError => {
  let thrown: unknown;
  try {
    recordAt(f, x, given);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(DiffopsError);
  return thrown as DiffopsError;
};
