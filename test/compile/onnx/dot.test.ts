/** dot on the engine: all label forms, in every dtype, with repeated operands; and which kernels are chosen. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Artifact } from '../../../src/compile/executable.ts';
import { loadArtifact } from '../../../src/compile/load.ts';
import { heldShape, type Tensor } from '../../../src/compile/onnx/graph.ts';
import { legalize } from '../../../src/compile/onnx/legalize.ts';
import { inputName, lowerProgram } from '../../../src/compile/onnx/lower.ts';
import { dotBy } from '../../../src/compile/onnx/lower-dot.ts';
import { encodeModel } from '../../../src/compile/onnx/model.ts';
import { Site } from '../../../src/compile/onnx/site.ts';
import { evaluateProgram } from '../../../src/interpret/evaluate.ts';
import type { Dtype, Shape } from '../../../src/ir/aval.ts';
import { newVar, type Var } from '../../../src/ir/program.ts';
import { newOps } from '../../../src/primitives/table.ts';
import { oneEquation, randomFrom, value } from '../../primitives/support.ts';
import { compareEngines, disagreement } from '../support.ts';

const EXTENTS = [1, 2, 3, 5];

interface Case {
  readonly dtype: Dtype;
  readonly extents: readonly number[];
  readonly lhs: readonly number[];
  readonly rhs: readonly number[];
  readonly out: readonly number[];
  /** Labels along which an operand is a broadcast. */
  readonly repeated: readonly [readonly number[], readonly number[]];
}

/** Four roles for up to six labels, each operand's and the result's axes in any order. */
const cases: fc.Arbitrary<Case> = fc
  .array(fc.record({ role: fc.constantFrom('batch', 'lhs', 'rhs', 'sum'), extent: fc.constantFrom(...EXTENTS) }), {
    minLength: 1,
    maxLength: 6,
  })
  .chain((labels) => {
    const all = labels.map((_, i) => i);
    const of = (...roles: string[]) => all.filter((i) => roles.includes(labels[i].role));
    const order = (some: number[]) => fc.shuffledSubarray(some, { minLength: some.length });
    return fc.record({
      dtype: fc.constantFrom<Dtype>('float32', 'float64', 'int32'),
      extents: fc.constant(labels.map(({ extent }) => extent)),
      lhs: order(of('batch', 'lhs', 'sum')),
      rhs: order(of('batch', 'rhs', 'sum')),
      out: order(of('batch', 'lhs', 'rhs')),
      repeated: fc.tuple(fc.subarray(of('batch', 'lhs', 'sum')), fc.subarray(of('batch', 'rhs', 'sum'))),
    });
  });

/** The program of a dot, whose operands are inputs broadcast along the repeated labels. */
const programOf = ({ dtype, extents, lhs, rhs, out, repeated }: Case) => {
  const ops = newOps();
  const operands = [lhs, rhs].map((labels, k) => {
    const shape = labels.map((label) => extents[label]);
    const axes = labels.map((_, axis) => axis).filter((axis) => !repeated[k].includes(labels[axis]));
    const x = ops.input({ shape: axes.map((axis) => shape[axis]), dtype });
    // As an elementwise result, so that the broadcast isn't folded into the dot.
    return ops.binary('max', ops.broadcast(x, shape, axes), ops.broadcast(ops.neg(x), shape, axes));
  });
  return ops.build([ops.dot(operands[0], operands[1], { lhs, rhs, out })]);
};

describe('dot', () => {
  it('is right for random labels', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.integer(), async (c, seed) => {
        const program = programOf(c);
        const random = randomFrom(seed);
        const inputs = program.inputs.map((v) => value(v.aval.shape, v.aval.dtype, () => Math.floor(random() * 9) - 4));
        expect(await compareEngines(program, inputs, 0)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});

/** The artifact of one dot over two inputs, by the plan of a number. */
const artifactBy = ({ dtype, extents, lhs, rhs, out }: Case, number: number): Artifact => {
  const site = new Site();
  const [x, y] = [lhs, rhs].map((labels, k) => {
    const v = newVar({ shape: labels.map((label) => extents[label]), dtype });
    site.define(v, site.graph.input(inputName(k), dtype, v.aval.shape));
    return v;
  });
  const output = { shape: out.map((label) => extents[label]), dtype };
  const lowering = dotBy((plans) => plans[number % plans.length]);
  const z = newVar(output);
  site.define(z, lowering(site, [x, y], { lhs, rhs, out }, output));
  const result = site.graph.root(site.full(z));
  const held = <T extends Tensor>(tensor: T): T => ({ ...tensor, shape: heldShape(tensor.shape) });
  const info = (v: Var, k: number) => held({ ...v.aval, name: inputName(k) });
  const model = encodeModel({ ...site.graph, inputs: [x, y].map(info), outputs: [held(result)] });
  return { engine: 'onnx', key: '', inputs: [x.aval, y.aval], outputs: [output], model };
};

describe('each way to carry out a dot', () => {
  it('gives the same', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(100), fc.integer(), async (c, number, seed) => {
        const { lhs, rhs, out } = c;
        const artifact = artifactBy(c, number);
        const random = randomFrom(seed);
        const inputs = artifact.inputs.map(({ shape, dtype }) =>
          value(shape, dtype, () => Math.floor(random() * 9) - 4),
        );
        const executable = await loadArtifact(artifact, { threads: 1 });
        const actual = await executable.run(inputs);
        await executable.dispose();
        const expected = evaluateProgram(oneEquation('dot', artifact.inputs, { lhs, rhs, out }), inputs);
        expect(disagreement(actual, expected, 0)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});

/** The nodes of one dot, by operator. */
const kernels = (dtype: Dtype, x: Shape, y: Shape, lhs: number[], rhs: number[], out: number[]): string[] => {
  const ops = newOps();
  const result = ops.dot(ops.input({ shape: x, dtype }), ops.input({ shape: y, dtype }), { lhs, rhs, out });
  return lowerProgram(legalize(ops.build([result]))).nodes.map((node) => node.opType);
};

describe('the kernels of a dot', () => {
  const S = 256;
  const H = 64;
  const B = 16;
  it.each([
    ['h @ W with the batch folded into the rows', 'float64', [S, B, H], [H, H], [0, 1, 2], [2, 3], [0, 1, 3]],
    ['δ @ Wᵀ', 'float64', [S, B, H], [H, H], [0, 1, 2], [3, 2], [0, 1, 3]],
    ['hᵀ @ δ over the samples', 'float64', [S, H], [S, B, H], [0, 1], [0, 2, 3], [1, 2, 3]],
    ['hᵀ @ δ, result led by the batch, as one product', 'float64', [S, H], [S, B * H], [0, 1], [0, 2], [2, 1]],
  ] as const)('%s: one product, nothing transposed', (_name, dtype, x, y, lhs, rhs, out) => {
    const nodes = kernels(dtype, x, y, [...lhs], [...rhs], [...out]);
    expect(nodes.filter((op) => op !== 'Reshape')).toHaveLength(1);
    expect(nodes).not.toContain('Transpose');
  });

  it('multiplies elements where nothing is summed, or columns by rows', () => {
    expect(kernels('float32', [S, H], [H], [0, 1], [1], [0, 1])).toEqual(['Mul']);
    expect(kernels('float32', [S], [H], [0], [1], [0, 1])).toEqual(['Reshape', 'Reshape', 'MatMul']);
  });

  it('multiplies and sums rows where each product would be one number', () => {
    expect(kernels('float32', [4096, 16], [4096, 16], [0, 1], [0, 1], [0])).toContain('Mul');
  });

  it('keeps a batch in the middle without a transpose in float32', () => {
    expect(kernels('float32', [S, B, H], [B, H, 32], [0, 1, 2], [1, 2, 3], [1, 0, 3])).toEqual(['FusedMatMul']);
  });
});
