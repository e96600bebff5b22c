/** Program → Artifact: compiles a program for an engine, once per structure. */

import { BoundedCache } from '../bounded-cache.ts';
import type { EngineName } from '../device-traits.ts';
import { interpretedArtifact } from '../interpret/executable.ts';
import type { Program } from '../ir/program.ts';
import { hashOf, serialize } from '../ir/serial.ts';
import { sessionBytes } from '../plan/memory.ts';
import type { Artifact } from './executable.ts';
import { compileNative } from './native/compile-native.ts';
import { lowerForWebgpu } from './onnx/for-webgpu.ts';
import { legalize } from './onnx/legalize.ts';
import { lowerProgram } from './onnx/lower.ts';
import { encodeModel } from './onnx/model.ts';
import { lowerForTensorflow } from './tensorflow/lower.ts';
import { encodeSavedModel } from './tensorflow/saved-model.ts';
import { lowerForTfjs } from './tfjs/for-tfjs.ts';

/** Artifacts kept in the process; a model is a few hundred bytes per equation. */
const KEPT = 64;
const artifacts = new BoundedCache<Artifact>(KEPT);

type Compiled = Exclude<EngineName, 'interpret'>;

/** TensorFlow.js is given the program itself. */
const interpretedByTfjs = { name: 'program', compile: (program: Program) => serialize(lowerForTfjs(program)) } as const;

/** By engine: how a program is compiled, and what an artifact calls what it is loaded from. */
const COMPILERS = {
  onnx: { name: 'model', compile: (program: Program) => encodeModel(lowerProgram(legalize(program))) },
  webgpu: { name: 'model', compile: (program: Program) => encodeModel(lowerForWebgpu(program)) },
  cuda: { name: 'model', compile: (program: Program) => encodeModel(lowerProgram(legalize(program))) },
  native: { name: 'native', compile: compileNative },
  tensorflow: {
    name: 'savedModel',
    compile: (program: Program) => encodeSavedModel(lowerForTensorflow(program, true)),
  },
  'tensorflow-ops': {
    name: 'savedModel',
    compile: (program: Program) => encodeSavedModel(lowerForTensorflow(program, false)),
  },
  'tfjs:cpu': interpretedByTfjs,
  'tfjs:wasm': interpretedByTfjs,
  'tfjs:webgpu': interpretedByTfjs,
} as const;

type Head = Pick<Artifact, 'key' | 'inputs' | 'outputs' | 'heldBytes'> & { readonly engine: Compiled };

/** An artifact that asks `code` each time for what it is loaded from. */
const askingFor = ({ engine, key, inputs, outputs, heldBytes }: Head, code: () => unknown): Artifact =>
  Object.defineProperty({ engine, key, inputs, outputs, heldBytes }, COMPILERS[engine].name, {
    get: code,
    enumerable: true,
  });

const compiledArtifact = (program: Program, engine: Compiled, key: string): Artifact => {
  let waiting: Program | undefined = program;
  let code: unknown;
  const head = {
    engine,
    key,
    inputs: program.inputs.map((v) => v.aval),
    outputs: program.outputs.map((a) => a.aval),
    heldBytes: engine === 'webgpu' || engine === 'native' ? undefined : sessionBytes(program),
  };
  return askingFor(head, () => {
    if (waiting) code = COMPILERS[engine].compile(waiting);
    waiting = undefined;
    return code;
  });
};

const codeOf = (artifact: Artifact): unknown =>
  artifact.engine === 'interpret' ? artifact.program : artifact[COMPILERS[artifact.engine].name];

/** Makes what an artifact is loaded from, if that wasn't made yet. */
export const completed = (artifact: Artifact): Artifact => {
  codeOf(artifact);
  return artifact;
};

/** The same artifact, whose making is called through `watch`, whenever that is. */
export const watched = (artifact: Artifact, watch: (make: () => unknown) => unknown): Artifact => {
  const { engine } = artifact;
  const { key, inputs, outputs, heldBytes } = artifact;
  if (engine === 'interpret') return artifact;
  return askingFor({ engine, key, inputs, outputs, heldBytes }, () => watch(() => codeOf(artifact)));
};

/**
 * Equal programs give the same artifact without being compiled again. What it is loaded from is made when it is first asked for, so
 * that threads can load one while the next is made.
 */
export const compileProgram = (program: Program, engine: EngineName): Artifact => {
  if (engine === 'interpret') return interpretedArtifact(program);
  const key = `${engine}-${hashOf(program)}`;
  return artifacts.getOrMake(key, () => compiledArtifact(program, engine, key));
};
