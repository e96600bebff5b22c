/** Keeps an engine's native library loaded while threads that use it come and go. */

import type { Artifact } from './executable.ts';

/**
 * Loads ONNX Runtime in the calling thread, once, if an artifact needs it. When the last thread that loaded the addon
 * ends, Node lets go of it but its library stays in memory, and every later load in the process fails ("Module did
 * not self-register", 1.24.3): so one that outlives all workers must hold it.
 */
export const holdEngine = async (artifacts: readonly Pick<Artifact, 'engine'>[]): Promise<void> => {
  if (artifacts.some(({ engine }) => engine === 'onnx')) await import('onnxruntime-node');
};
