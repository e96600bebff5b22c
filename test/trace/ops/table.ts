/** docs/ops.md: what becomes of each kernel of tfjs, and which functions can't be used on traced tensors. */

import type * as tf from '@tensorflow/tfjs';
import * as core from '@tensorflow/tfjs-core';
import type { ErrorCode } from '../../../src/errors.ts';
import { isFloat } from '../../../src/ir/aval.ts';
import { isLiteral } from '../../../src/ir/program.ts';
import { complexRules, isRecorded } from '../../../src/trace/kernels/apply.ts';
import { refusedKernels } from '../../../src/trace/kernels/index.ts';
import { jvp } from '../../../src/transforms/jvp.ts';
import { type Case, tensorOf } from '../kernels/case.ts';
import { cases } from '../kernels/cases/index.ts';
import { shadow } from '../kernels/shadow.ts';
import { apart, refusedCalls } from './refused.ts';

/** All kernel names of the installed tfjs-core: what its kernel_names exports, under names of its own. */
export const kernelNames: readonly string[] = Object.entries(core)
  .flatMap(([key, value]) =>
    typeof value === 'string' && /^_?[A-Z]/.test(key) && !value.endsWith('__op') ? [value] : [],
  )
  .sort((a, b) => a.replace('_', '').localeCompare(b.replace('_', '')));

const noOperand = 'It has no operand, so no traced tensor reaches it: its result is a constant.';
const noOp = 'No function of tfjs asks for it.';

/** Kernels that no traced tensor can reach: why. */
export const unreached: Readonly<Record<string, string>> = {
  Fill: noOperand,
  LinSpace: noOperand,
  Range: noOperand,
  BroadcastTo: noOp,
  LogSoftmax: noOp,
  LogicalXor: noOp,
  LowerBound: `${noOp} tf.lowerBound is SearchSorted.`,
  MatrixBandPart: noOp,
  Pool: noOp,
  UpperBound: `${noOp} tf.upperBound is SearchSorted.`,
};

const REMARKS: Readonly<Record<string, string>> = {
  BroadcastArgs: 'whether two shapes that depend on values fit is not checked',
  FFT: 'of any length',
  GatherNd: 'differentiable in its operand; constant indices are checked',
  GatherV2: 'differentiable in its operand; constant indices are checked',
  IFFT: 'of any length',
  MaxPoolWithArgmax: 'differentiable in its first result',
  Prod: 'by halves, without a division: right where factors are 0',
  Cumprod: 'by doubling, without a division: right where factors are 0',
  SparseSegmentMean: 'segment ids must be constants: the last one says how many segments there are',
  SparseSegmentSum: 'segment ids must be constants: the last one says how many segments there are',
  SparseToDense: 'indices must be distinct',
  TensorScatterUpdate: 'indices must be distinct',
  TopK: 'values are differentiable; always sorted, the first of equals first, NaN as ∞',
};

type Derivative = 'every order' | 'zero' | 'none';

/** Their cases need them beside something that has a derivative. */
const CONSTANT: ReadonlySet<string> = new Set(['OnesLike', 'ZerosLike']);

/** Of one case: none where its result isn't float, zero where no tangent comes through. */
const derivativeOf = ({ inputs, f }: Case): Derivative => {
  const tensors = inputs.map(tensorOf);
  const { program } = shadow(f as (...t: tf.Tensor[]) => tf.Tensor, tensors, 'float64');
  const [output] = program.outputs;
  if (!isFloat(output.aval.dtype)) return 'none';
  const active = program.inputs.map((v, i) => i < tensors.length && isFloat(v.aval.dtype));
  if (!active.includes(true)) return 'none';
  return isLiteral(jvp(program, active).outputs[1], 0) ? 'zero' : 'every order';
};

const strongest = (found: readonly Derivative[]): Derivative =>
  found.includes('every order') ? 'every order' : found.includes('zero') ? 'zero' : 'none';

const line = (...cells: string[]): string => `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`;

const kernelLine = (name: string): string => {
  if (Object.hasOwn(unreached, name)) return line(name, '–', '–', '', unreached[name]);
  if (Object.hasOwn(refusedKernels, name)) {
    const { reason, remedy } = refusedKernels[name];
    return line(name, 'refused', '–', '', `${reason[0].toUpperCase()}${reason.slice(1)} ${remedy}`);
  }
  const derivative = CONSTANT.has(name) ? 'zero' : strongest(cases.filter((c) => c.kernel === name).map(derivativeOf));
  const complex = Object.hasOwn(complexRules, name) ? 'yes' : '';
  return line(name, 'recorded', derivative === 'none' ? '–' : derivative, complex, REMARKS[name] ?? '');
};

const REFUSED_FOR: Partial<Record<ErrorCode, string>> = {
  UNSUPPORTED_OP: 'the shape of the result depends on values',
  CONCRETIZATION: 'values are read, which a recorded function has none of',
  RANDOM: 'random numbers would be frozen: pass them in `data`',
};

const functionLines = (): string[] => {
  const refused = Object.entries(REFUSED_FOR).map(([code, why]): [string, string[]] => [
    `${why} (\`${code}\`)`,
    Object.keys(refusedCalls).filter((name) => refusedCalls[name].code === code),
  ]);
  return [...refused, ...Object.entries(apart)].map(([why, names]) =>
    line(why, names.map((name) => `tf.${name}`).join(', ')),
  );
};

export const opsTable = (): string => {
  const recorded = kernelNames.filter(isRecorded);
  const refused = kernelNames.filter((name) => Object.hasOwn(refusedKernels, name));
  return [
    '# Kernels and functions of TensorFlow.js',
    '',
    'Made by `npm run ops` out of the rules and their test cases; a test compares. What a derivative is at ties and corners is in [corners.md](corners.md).',
    '',
    `tfjs-core ${core.version_core} has ${kernelNames.length} kernels: ${recorded.length} are recorded, ${refused.length} refused where a traced tensor reaches them, and ${kernelNames.length - recorded.length - refused.length} are never reached by one. Any kernel may be used on constants, within the function too.`,
    '',
    '“Every order” is a derivative in both modes, to any order, in float32 and float64; “zero” one that is zero wherever it exists; “–” a result that isn’t float. “Complex” is whether an operand or a result may be complex.',
    '',
    line('kernel', '', 'derivative', 'complex', 'remark'),
    line('---', '---', '---', '---', '---'),
    ...kernelNames.map(kernelLine),
    '',
    '## Functions without a place in a recorded function',
    '',
    'All other public functions of tfjs-core take traced tensors.',
    '',
    line('why', 'functions'),
    line('---', '---'),
    ...functionLines(),
    '',
  ].join('\n');
};
