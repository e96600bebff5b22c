/** What the tests of the engines share: running a program on it, and comparing with the plain evaluator. */

import { compileProgram } from '../../src/compile/compile.ts';
import { loadArtifact } from '../../src/compile/load.ts';
import { isFusible } from '../../src/fusion/fusible.ts';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import type { Value } from '../../src/ir/aval.ts';
import { printProgram } from '../../src/ir/printer.ts';
import type { Program } from '../../src/ir/program.ts';
import type { CompiledEngine } from '../../src/plan/engines.ts';

export const ENGINES = ['onnx', 'native'] as const;
export type Engine = (typeof ENGINES)[number];

/** Compiles, loads, runs once, disposes; undefined if the engine doesn't take the program. */
export const runOn = async (
  engine: CompiledEngine,
  program: Program,
  inputs: readonly Value[],
): Promise<Value[] | undefined> => {
  if (engine === 'native' && !isFusible(program)) return undefined;
  const executable = await loadArtifact(compileProgram(program, engine), { threads: 1 });
  try {
    return await executable.run(inputs);
  } finally {
    await executable.dispose();
  }
};

export const runOnnx = async (program: Program, inputs: readonly Value[]): Promise<Value[]> =>
  (await runOn('onnx', program, inputs)) as Value[];

/** Whether two numbers agree to a tolerance relative to max(1, |expected|); NaN and infinities only with themselves. */
const agrees = (actual: number, expected: number, tolerance: number): boolean =>
  actual === expected ||
  (Number.isNaN(actual) && Number.isNaN(expected)) ||
  Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected));

/** The first disagreement in words, or undefined. */
export const disagreement = (
  actual: readonly Value[],
  expected: readonly Value[],
  tolerance: number,
): string | undefined => {
  if (actual.length !== expected.length) return `${actual.length} outputs for ${expected.length}`;
  for (const [k, want] of expected.entries()) {
    const got = actual[k];
    if (String(got.shape) !== String(want.shape) || got.dtype !== want.dtype || got.data.length !== want.data.length) {
      return `output ${k} is ${got.dtype}[${got.shape}], expected ${want.dtype}[${want.shape}]`;
    }
    if (got.data.constructor !== want.data.constructor) return `output ${k} is a ${got.data.constructor.name}`;
    for (let i = 0; i < want.data.length; i++) {
      if (!agrees(got.data[i], want.data[i], tolerance)) {
        return `output ${k}[${i}] is ${got.data[i]}, expected ${want.data[i]}`;
      }
    }
  }
  return undefined;
};

/** Where an engine differs from the plain evaluator, with the program; nowhere if it doesn't take the program. */
export const differsOn = async (
  engine: Engine,
  program: Program,
  inputs: readonly Value[],
  tolerance: number,
): Promise<string | undefined> => {
  const actual = await runOn(engine, program, inputs);
  if (!actual) return undefined;
  const found = disagreement(actual, evaluateProgram(program, inputs), tolerance);
  return found === undefined ? undefined : `${found} in\n${printProgram(program)}`;
};

export const compareEngines = (
  program: Program,
  inputs: readonly Value[],
  tolerance: number,
): Promise<string | undefined> => differsOn('onnx', program, inputs, tolerance);
