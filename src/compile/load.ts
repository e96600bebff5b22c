/** Artifact → Executable: loads a compiled program into the engine that it was compiled for. */

import { backendNameOf, isTfjs } from '../device-traits.ts';
import { interpretedExecutable } from '../interpret/executable.ts';
import type { Artifact, Executable } from './executable.ts';
import { loadNative } from './native/session.ts';

/** Loads ONNX Runtime ahead. Where it can't be, who asks for it is told. */
export const loadEngine = async (): Promise<void> => {
  await import('./onnx/session.ts').catch(() => undefined);
};

/** `threads`: how many threads one run may use inside the engine. ONNX Runtime is loaded when first needed. */
export const loadArtifact = async (
  artifact: Artifact,
  { threads }: { readonly threads: number },
): Promise<Executable> => {
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
