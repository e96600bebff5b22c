/** The conformance suite of primitives on a TensorFlow.js backend: the plain evaluator's values, for every sample. */

import { describe, expect, it } from 'vitest';
import { compileProgram } from '../../../src/compile/compile.ts';
import { loadArtifact } from '../../../src/compile/load.ts';
import { backendOf } from '../../../src/compile/tfjs/backend.ts';
import type { TfjsBackend } from '../../../src/device-traits.ts';
import { evaluateProgram } from '../../../src/interpret/evaluate.ts';
import type { Dtype } from '../../../src/ir/aval.ts';
import type { Params, PrimitiveName } from '../../../src/ir/params.ts';
import { printProgram } from '../../../src/ir/printer.ts';
import { primitives } from '../../../src/primitives/table.ts';
import { type Sample, samplers } from '../../primitives/samples.ts';
import { avalOf, oneEquation, randomFrom } from '../../primitives/support.ts';
import { retyped, takes } from '../samples.ts';
import { disagreement } from '../support.ts';

const DTYPES: readonly Dtype[] = ['float32', 'int32', 'bool'];

interface Conformance {
  /** Relative to max(1, |value|), in float32; whole numbers and truth values are exact. */
  readonly toleranceOf: (name: PrimitiveName) => number;
  /** Why the backend can't be had. */
  readonly missing?: string | undefined;
  /** What it has no kernel for, and says so. */
  readonly lacking?: readonly string[];
}

export const describeConformance = (
  backend: TfjsBackend,
  { toleranceOf, missing, lacking = [] }: Conformance,
): void => {
  describe.each(Object.keys(primitives) as PrimitiveName[])('%s', (name) => {
    const samples = samplers[name](randomFrom(3)) as unknown as Sample<Params>[];

    for (const dtype of DTYPES) {
      it(`samples in ${dtype}`, async ({ skip }) => {
        if (missing) return skip(missing);
        for (const sample of samples) {
          const { inputs, params } = retyped(sample, dtype, name);
          const avals = inputs.map(avalOf);
          if (!takes(name, avals, params)) continue;
          // No backend has it.
          if (params.dtype === 'float64') continue;
          // A value that is none.
          if (dtype === 'bool' && name === 'pad' && params.value !== 0) continue;
          const program = oneEquation(name, avals, params);
          const { tf } = await backendOf(backend);
          const before = tf.memory().numTensors;
          const executable = await loadArtifact(compileProgram(program, `tfjs:${backend}`), { threads: 1 });
          if (lacking.includes(`${name}(${inputs[0]?.dtype})`)) {
            await expect(executable.run(inputs)).rejects.toMatchObject({ code: 'DEVICE', fields: { operation: name } });
            continue;
          }
          const actual = await executable.run(inputs);
          await executable.dispose();
          expect(tf.memory().numTensors).toBe(before);
          const tolerance = dtype === 'float32' ? toleranceOf(name) : 0;
          const found = disagreement(actual, evaluateProgram(program, inputs), tolerance);
          expect(found && `${found} in\n${printProgram(program)}`).toBeUndefined();
        }
      });
    }
  });
};
