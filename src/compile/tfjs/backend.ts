/** TensorFlow.js with one of its backends, loaded into this thread when a program first asks for it. */

import type { TfjsBackend } from '../../device-traits.ts';
import { DiffopsError } from '../../errors.ts';
import { enableWebgpu } from './dawn.ts';
import type { Tf } from './lowering.ts';

export interface Backend {
  readonly tf: Tf;
  readonly name: TfjsBackend;
  /** Rejects once the device is lost, or says that it failed; null: that can't be. */
  readonly failing: Promise<never> | null;
}

// Computed, so that nothing is loaded, or looked for, that isn't asked for.
const CORE = '@tensorflow/tfjs-core';

interface Loading {
  readonly packages: readonly string[];
  /** Registers the backend of the packages, where they don't do it themselves. */
  enable?(tf: Tf, modules: readonly unknown[]): Promise<Pick<Backend, 'failing'>>;
}

const BACKENDS: Record<TfjsBackend, Loading> = {
  cpu: { packages: ['@tensorflow/tfjs-backend-cpu'] },
  wasm: { packages: ['@tensorflow/tfjs-backend-wasm'] },
  webgpu: { packages: ['@tensorflow/tfjs-backend-webgpu', 'webgpu'], enable: enableWebgpu },
};

const imported = async (name: string, device: string): Promise<unknown> => {
  try {
    return await import(name);
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    const why = isMissing ? "isn't installed" : `can't be loaded (${(cause as Error).message})`;
    throw new DiffopsError('DEVICE', `the package ${name} ${why}`, { device, package: name }, { cause });
  }
};

/** A CommonJS module's names stand beside `default`, or only in there. */
const named = (module: unknown): unknown => {
  const { default: inner } = module as { readonly default?: object };
  return inner && !('engine' in (module as object)) && 'engine' in inner ? inner : module;
};

const load = async (name: TfjsBackend): Promise<Backend> => {
  const device = `tfjs:${name}`;
  const { packages, enable } = BACKENDS[name];
  const tf = named(await imported(CORE, device)) as Tf;
  // It would advise the caller to install another backend.
  tf.env().set('PROD', true);
  const modules: unknown[] = [];
  for (const wanted of packages) modules.push(await imported(wanted, device));
  const { failing } = (await enable?.(tf, modules)) ?? { failing: null };
  // Nobody may be waiting when it comes.
  failing?.catch(() => {});
  if (!(await tf.setBackend(name))) {
    throw new DiffopsError('DEVICE', `TensorFlow.js can't initialize its backend ${name} here.`, { device });
  }
  return { tf, name, failing };
};

const loaded = new Map<TfjsBackend, Promise<Backend>>();

/** The backend, the same one each time; a thread uses one at a time. */
export const backendOf = async (name: TfjsBackend): Promise<Backend> => {
  const known = loaded.get(name) ?? load(name);
  loaded.set(name, known);
  try {
    return await known;
  } catch (error) {
    loaded.delete(name);
    throw error;
  }
};
