/** Artifact → Executable: loads a compiled program into the engine that it was compiled for. */

import { backendNameOf, DEVICES, type EngineName, isTfjs } from '../device-traits.ts';
import { interpretedExecutable } from '../interpret/executable.ts';
import type { Artifact, Executable } from './executable.ts';
import { loadNative } from './native/session.ts';

/** Loads ONNX Runtime ahead. Where it can't be, who asks for it is told. */
export const loadEngine = async (): Promise<void> => {
  await import('./onnx/session.ts').catch(() => undefined);
};

interface LoadOptions {
  /** How many threads one run may use inside the engine. */
  readonly threads: number;
}

/** Engines whose contexts live in processes of their own. */
const APART: ReadonlySet<EngineName> = new Set(
  Object.values(DEVICES)
    .filter(({ apart }) => apart)
    .map(({ engine }) => engine),
);

/** Loads it where its engine belongs. */
export const loadArtifact = async (artifact: Artifact, options: LoadOptions): Promise<Executable> => {
  if (APART.has(artifact.engine)) return (await import('./apart/executable.ts')).loadApart(artifact);
  return loadHere(artifact, options);
};

/** Loads it in this thread, whatever its engine is. ONNX Runtime is loaded when first needed. */
export const loadHere = async (artifact: Artifact, { threads }: LoadOptions): Promise<Executable> => {
  if (artifact.engine === 'interpret') return interpretedExecutable(artifact);
  if (artifact.engine === 'native') return loadNative(artifact);
  if (artifact.engine === 'webgpu') return (await import('./onnx/webgpu.ts')).loadWebgpu(artifact);
  if (artifact.engine.startsWith('tensorflow'))
    return (await import('./tensorflow/session.ts')).loadTensorflow(artifact);
  if (isTfjs(artifact.engine))
    return (await import('./tfjs/session.ts')).loadTfjs(artifact, backendNameOf(artifact.engine));
  const { loadOnnx } = await import('./onnx/session.ts');
  return loadOnnx(artifact, threads, artifact.engine === 'cuda' ? 'cuda' : 'cpu');
};
