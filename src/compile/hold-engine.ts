/** Keeps an engine's native library loaded while threads that use it come and go. */

import type { EngineName } from '../device-traits.ts';
import type { Artifact } from './executable.ts';

/** Engines that are ONNX Runtime, or that a price may put in its place. */
const BESIDE: ReadonlySet<EngineName> = new Set(['onnx', 'webgpu', 'cuda', 'native']);

/** Whether threads that are given these may be given others that need ONNX Runtime: which engine runs a program is a matter of price. */
export const needsEngine = (artifacts: readonly Pick<Artifact, 'engine'>[]): boolean =>
  artifacts.some(({ engine }) => BESIDE.has(engine));

/**
 * Loads ONNX Runtime in the calling thread, once, if an artifact needs it. When the last thread that loaded the addon
 * ends, Node lets go of it but its library stays in memory, and every later load in the process fails ("Module did
 * not self-register", 1.24.3): so one that outlives all workers must hold it.
 */
export const holdEngine = async (artifacts: readonly Pick<Artifact, 'engine'>[]): Promise<void> => {
  if (needsEngine(artifacts)) await import('onnxruntime-node');
};
