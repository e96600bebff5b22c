/**
 * Kernels that complex tensors share with real ones: those that are linear apply to each part, and products of several
 * operands, linear in each, to each pair of parts.
 */

import { type Atom, isZero } from '../../ir/program.ts';
import type { Complex, ComplexFamily, ComplexRule, KernelFamily, KernelInputs, TracedInputs } from '../kernel.ts';
import { isComplex } from '../kernel.ts';
import { add, asComplex, complex } from './complex-parts.ts';
import { unsupported } from './operands.ts';

/** Linear kernels, with their operands that stay as they are: indices, masks, shapes. */
const LINEAR: Readonly<Record<string, readonly string[]>> = {
  Identity: [],
  Reshape: [],
  ExpandDims: [],
  Transpose: [],
  Reverse: [],
  FlipLeftRight: [],
  Tile: [],
  ZerosLike: [],
  Diag: [],
  Slice: [],
  StridedSlice: [],
  Concat: [],
  Pack: [],
  Unpack: [],
  SplitV: [],
  PadV2: [],
  MirrorPad: [],
  SpaceToBatchND: [],
  BatchToSpaceND: [],
  GatherV2: ['indices'],
  GatherNd: ['indices'],
  ScatterNd: ['indices'],
  TensorScatterUpdate: ['indices'],
  SparseToDense: ['sparseIndices'],
  UnsortedSegmentSum: ['segmentIds'],
  Select: ['condition'],
  Sum: [],
  Mean: [],
  Cumsum: [],
};

/** Attributes that belong to the real part only: a pad's value. */
const OF_REAL_PART = ['constantValue'];

/** Products, with the operands in which they are linear. */
const MULTILINEAR: Readonly<Record<string, readonly string[] | 'all'>> = {
  BatchMatMul: ['a', 'b'],
  Einsum: 'all',
  Conv3D: ['x', 'filter'],
};

const linear =
  (kernel: string, kernels: KernelFamily, plain: readonly string[]): ComplexRule =>
  (context, inputs, attrs) => {
    const ofPart = (part: 'real' | 'imag', given: object): Atom[] => {
      const operands: Record<string, Atom> = {};
      for (const [name, x] of Object.entries(inputs)) {
        operands[name] = plain.includes(name) && !isComplex(x) ? x : asComplex(context, x)[part];
      }
      return [kernels[kernel](context, operands, given)].flat();
    };
    const imagAttrs = { ...attrs };
    for (const name of OF_REAL_PART) if (name in imagAttrs) imagAttrs[name] = 0;
    const [reals, imags] = [ofPart('real', attrs), ofPart('imag', imagAttrs)];
    const results = reals.map((real, i) => complex(real, imags[i]));
    return SEVERAL.includes(kernel) ? results : results[0];
  };

/** Kernels with a list of results, also where it has one. */
const SEVERAL = ['Unpack', 'SplitV'];

/** The product with one complex operand after the other expanded: product(a + ib, …) = product(a, …) + i·product(b, …). */
const multilinear =
  (kernel: string, kernels: KernelFamily, factors: readonly string[] | 'all'): ComplexRule =>
  (context, inputs, attrs) => {
    const expand = (given: TracedInputs): Complex => {
      const name = Object.keys(given).find((key) => isComplex(given[key]));
      if (name === undefined) return asComplex(context, kernels[kernel](context, given as KernelInputs, attrs) as Atom);
      if (factors !== 'all' && !factors.includes(name)) {
        throw unsupported(kernel, `a complex ${name}`, 'its factors alone may be complex.', 'Add it afterwards.');
      }
      const { real, imag } = given[name] as Complex;
      const ofReal = expand({ ...given, [name]: real });
      if (isZero(imag)) return ofReal;
      const { ops } = context;
      const ofImag = expand({ ...given, [name]: imag });
      const turned = complex(ops.neg(ofImag.imag), ofImag.real);
      return isZero(real) ? turned : add(context, ofReal, turned);
    };
    return expand(inputs);
  };

/** The complex forms of kernels that have a real rule. */
export const liftedKernels = (kernels: KernelFamily): ComplexFamily => ({
  ...Object.fromEntries(Object.entries(LINEAR).map(([name, plain]) => [name, linear(name, kernels, plain)])),
  ...Object.fromEntries(Object.entries(MULTILINEAR).map(([name, of]) => [name, multilinear(name, kernels, of)])),
});
