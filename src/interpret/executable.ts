/** The interpreter as an engine: its artifact is the program itself, its executable the plain evaluator. */

import type { Artifact, Executable } from '../compile/executable.ts';
import { malformed } from '../ir/builder.ts';
import type { Program } from '../ir/program.ts';
import { deserialize, hashOf, serialize } from '../ir/serial.ts';
import { makeInterpreted } from './evaluate.ts';

/** The artifact of a program that is not compiled. */
export const interpretedArtifact = (program: Program): Artifact => ({
  engine: 'interpret',
  key: `interpret-${hashOf(program)}`,
  inputs: program.inputs.map((v) => v.aval),
  outputs: program.outputs.map((a) => a.aval),
  program: serialize(program),
});

export const interpretedExecutable = ({ engine, inputs, outputs, program }: Artifact): Executable => {
  if (engine !== 'interpret' || !program) throw malformed(`The interpreter can't run an artifact of ${engine}.`);
  const evaluate = makeInterpreted(deserialize(program));
  return {
    inputs,
    outputs,
    run: async (values) => evaluate(values),
    dispose: async () => {},
  };
};
