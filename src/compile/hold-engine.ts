/** Keeps an engine's native library loaded while threads that use it come and go, and knows what of it the process has. */

import type { EngineName } from '../device-traits.ts';
import type { Artifact } from './executable.ts';

/** Engines that are ONNX Runtime in a thread, or that a price may put in its place. */
const BESIDE: ReadonlySet<EngineName> = new Set(['onnx', 'cuda', 'native']);

/** Whether threads that are given these may be given others that need ONNX Runtime: which engine runs a program is a matter of price. */
export const needsEngine = (artifacts: readonly Pick<Artifact, 'engine'>[]): boolean =>
  artifacts.some(({ engine }) => BESIDE.has(engine));

/** Of ONNX Runtime, in this process, by any thread: whether it is loaded, and whether it ever had a session. */
const there = { library: false, sessions: false };

export const engineThere = (): Readonly<typeof there> => ({ ...there });

/** To be called before these are loaded. */
export const noteEngine = (artifacts: readonly Pick<Artifact, 'engine'>[]): void => {
  if (artifacts.some(({ engine }) => engine === 'onnx')) Object.assign(there, { library: true, sessions: true });
};

/**
 * Loads ONNX Runtime in the calling thread, once, if an artifact needs it. When the last thread that loaded the addon
 * ends, Node lets go of it but its library stays in memory, and every later load in the process fails ("Module did
 * not self-register", 1.24.3): so one that outlives all workers must hold it.
 */
export const holdEngine = async (artifacts: readonly Pick<Artifact, 'engine'>[]): Promise<void> => {
  noteEngine(artifacts);
  if (!needsEngine(artifacts)) return;
  there.library = true;
  await import('onnxruntime-node');
};
