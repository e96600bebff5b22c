/** Which rule records a kernel call: that of real tensors, or that of complex ones. */

import {
  type ComplexFamily,
  isComplex,
  type KernelContext,
  type KernelInputs,
  type Traced,
  type TracedInputs,
} from '../kernel.ts';
import { complexOperand } from '../refusals.ts';
import { complexKernels } from './complex.ts';
import { complexFunctions } from './complex-functions.ts';
import { liftedKernels } from './complex-lifted.ts';
import { fourier } from './fourier.ts';
import { kernels } from './index.ts';

/** Kernels that can be recorded with a complex operand or result. */
export const complexRules: ComplexFamily = {
  ...liftedKernels(kernels),
  ...complexKernels,
  ...complexFunctions,
  ...fourier,
};

/** The names of all kernels that can be recorded. */
export const recordedKernels: readonly string[] = [...new Set([...Object.keys(kernels), ...Object.keys(complexRules)])];

export const isRecorded = (kernel: string): boolean =>
  Object.hasOwn(kernels, kernel) || Object.hasOwn(complexRules, kernel);

const isAboutComplex = (kernel: string, inputs: TracedInputs, attrs: object): boolean => {
  for (const name in inputs) if (isComplex(inputs[name])) return true;
  return !Object.hasOwn(kernels, kernel) || (kernel === 'Cast' && (attrs as { dtype: string }).dtype === 'complex64');
};

/** Emits the equations of one kernel call; returns what its result or results stand for. */
export const applyKernel = (
  context: KernelContext,
  kernel: string,
  inputs: TracedInputs,
  attrs: object,
): Traced | Traced[] => {
  if (!isAboutComplex(kernel, inputs, attrs)) return kernels[kernel](context, inputs as KernelInputs, attrs);
  if (!Object.hasOwn(complexRules, kernel)) throw complexOperand(context.ops.scope, kernel);
  return complexRules[kernel](context, inputs, attrs);
};
