/** Program → Artifact: compiles a program for an engine, once per structure. */

import { BoundedCache } from '../bounded-cache.ts';
import { interpretedArtifact } from '../interpret/executable.ts';
import type { Program } from '../ir/program.ts';
import { hashOf } from '../ir/serial.ts';
import type { Artifact, EngineName, NativeCode } from './executable.ts';
import { compileNative } from './native/compile-native.ts';
import { legalize } from './onnx/legalize.ts';
import { lowerProgram } from './onnx/lower.ts';
import { encodeModel } from './onnx/model.ts';

/** Artifacts kept in the process; a model is a few hundred bytes per equation. */
const KEPT = 64;
const artifacts = new BoundedCache<Artifact>(KEPT);

const onnxArtifact = (program: Program, key: string): Artifact => {
  let waiting: Program | undefined = program;
  let model: Uint8Array | undefined;
  return {
    engine: 'onnx',
    key,
    inputs: program.inputs.map((v) => v.aval),
    outputs: program.outputs.map((a) => a.aval),
    get model() {
      model ??= encodeModel(lowerProgram(legalize(waiting as Program)));
      waiting = undefined;
      return model;
    },
  };
};

const nativeArtifact = (program: Program, key: string): Artifact => {
  let waiting: Program | undefined = program;
  let native: NativeCode | undefined;
  return {
    engine: 'native',
    key,
    inputs: program.inputs.map((v) => v.aval),
    outputs: program.outputs.map((a) => a.aval),
    get native() {
      native ??= compileNative(waiting as Program);
      waiting = undefined;
      return native;
    },
  };
};

const MAKERS = { onnx: onnxArtifact, native: nativeArtifact };

/** Makes what an artifact is loaded from, if that wasn't made yet. */
export const completed = (artifact: Artifact): Artifact => {
  void artifact.model;
  void artifact.native;
  return artifact;
};

/**
 * Equal programs give the same artifact without being compiled again. What it is loaded from is made when it is first asked for, so
 * that threads can load one while the next is made.
 */
export const compileProgram = (program: Program, engine: EngineName): Artifact => {
  if (engine === 'interpret') return interpretedArtifact(program);
  const key = `${engine}-${hashOf(program)}`;
  return artifacts.getOrMake(key, () => MAKERS[engine](program, key));
};
