/** Program → Artifact: compiles a program for an engine, once per structure. */

import { BoundedCache } from '../bounded-cache.ts';
import { interpretedArtifact } from '../interpret/executable.ts';
import type { Program } from '../ir/program.ts';
import { hashOf } from '../ir/serial.ts';
import type { Artifact, EngineName } from './executable.ts';
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

/**
 * Equal programs give the same artifact without being compiled again. A model is made when it is first asked for, so
 * that threads can load one while the next is made.
 */
export const compileProgram = (program: Program, engine: EngineName): Artifact => {
  if (engine === 'interpret') return interpretedArtifact(program);
  const key = `onnx-${hashOf(program)}`;
  return artifacts.getOrMake(key, () => onnxArtifact(program, key));
};
