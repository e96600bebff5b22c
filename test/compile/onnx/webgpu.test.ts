/** The conformance suite of primitives on WebGPU: the plain evaluator's values, and which operators run on the CPU. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { compileProgram } from '../../../src/compile/compile.ts';
import { lackingOnWebgpu } from '../../../src/compile/onnx/for-webgpu.ts';
import { feedsOf } from '../../../src/compile/onnx/run-session.ts';
import { sessionOptions } from '../../../src/compile/onnx/session.ts';
import { evaluateProgram } from '../../../src/interpret/evaluate.ts';
import type { Dtype, Value } from '../../../src/ir/aval.ts';
import type { Params, PrimitiveName } from '../../../src/ir/params.ts';
import { printProgram } from '../../../src/ir/printer.ts';
import type { Program } from '../../../src/ir/program.ts';
import { primitives } from '../../../src/primitives/table.ts';
import { type Sample, samplers } from '../../primitives/samples.ts';
import { avalOf, oneEquation, randomFrom } from '../../primitives/support.ts';
import { deviceMissing } from '../../support/device-missing.ts';
import { retyped, takes } from '../samples.ts';
import { disagreement, runOn } from '../support.ts';

vi.setConfig({ testTimeout: 120_000 });

const DTYPES: readonly Dtype[] = ['float32', 'int32', 'bool'];
const TOLERANCE = 2e-5;
/** WGSL lets a device be off by 2^-11 in these (Accuracy of Built-in Functions), and SwiftShader is off by 4e-5. */
const ROUGH = new Set<PrimitiveName>(['sin', 'cos', 'tan', 'acos', 'asin']);
const ROUGH_TOLERANCE = 2 ** -11;
const names = Object.keys(primitives) as PrimitiveName[];

const missing = await deviceMissing('webgpu');
const folder = mkdtempSync(join(tmpdir(), 'diffops-webgpu-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface ProfileEvent {
  readonly cat: string;
  readonly args?: {
    readonly provider?: string;
    readonly op_name: string;
    readonly input_type_shape?: readonly Readonly<Record<string, unknown>>[];
  };
}

/** The engine reduces truth values as bytes. */
const DTYPE_OF: Readonly<Record<string, Dtype>> = {
  float: 'float32',
  double: 'float64',
  int32: 'int32',
  bool: 'bool',
  uint8: 'bool',
};

/** What the engine says that it ran on the CPU, but for what is about shapes. */
const ranOnCpu = async (program: Program, inputs: readonly Value[]): Promise<string[]> => {
  const artifact = compileProgram(program, 'webgpu');
  const session = await ort.InferenceSession.create(artifact.model as Uint8Array, {
    ...sessionOptions(1),
    executionProviders: ['webgpu', 'cpu'],
    enableProfiling: true,
    profileFilePrefix: join(folder, 'profile'),
  });
  await session.run(feedsOf(session, artifact, inputs), session.outputNames.slice(1));
  session.endProfiling();
  await session.release();
  const [file] = readdirSync(folder);
  const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProfileEvent[];
  rmSync(join(folder, file));
  const found = new Set<string>();
  for (const { cat, args } of events) {
    if (cat !== 'Node' || args?.provider !== 'CPUExecutionProvider') continue;
    const dtype = DTYPE_OF[Object.keys(args.input_type_shape?.[args.op_name === 'Where' ? 1 : 0] ?? {})[0]];
    if (dtype) found.add(`${args.op_name}(${dtype})`);
  }
  return [...found].sort();
};

describe.each(names)('%s', (name) => {
  const samples = samplers[name](randomFrom(3)) as unknown as Sample<Params>[];

  for (const dtype of DTYPES) {
    it(`samples in ${dtype}`, async ({ skip }) => {
      if (missing) return skip(missing);
      for (const sample of samples) {
        const { inputs, params } = retyped(sample, dtype, name);
        const avals = inputs.map(avalOf);
        if (!takes(name, avals, params)) continue;
        const program = oneEquation(name, avals, params);
        const actual = (await runOn('webgpu', program, inputs)) as Value[];
        const tolerance = dtype !== 'float32' ? 0 : ROUGH.has(name) ? ROUGH_TOLERANCE : TOLERANCE;
        const found = disagreement(actual, evaluateProgram(program, inputs), tolerance);
        expect(found && `${found} in\n${printProgram(program)}`).toBeUndefined();
        expect(lackingOnWebgpu(program)).toEqual(await ranOnCpu(program, inputs));
      }
    });
  }
});
