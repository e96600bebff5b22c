/** TensorFlow.js' binding for Node: found if it is installed, loaded when it is asked for, and what is used of it. */

import { createRequire } from 'node:module';
import { DiffopsError } from '../../errors.ts';

export interface TfTensor {
  dataSync(): ArrayBufferView;
  dispose(): void;
}

/** A signature of a SavedModel. */
export interface TensorflowModel {
  readonly inputs: readonly { readonly name: string }[];
  predict(inputs: Readonly<Record<string, TfTensor>>): Readonly<Record<string, TfTensor>>;
  dispose(): void;
}

export interface TfjsNode {
  readonly node: {
    loadSavedModel(path: string, tags: readonly string[], signature: string): Promise<TensorflowModel>;
  };
  tensor(values: ArrayBufferView, shape: readonly number[], dtype: 'int32' | 'bool'): TfTensor;
}

/** The same binding for GPUs of NVIDIA's, and for CPUs. */
const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

const require = createRequire(import.meta.url);

const isInstalled = (name: string): boolean => {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
};

const installed = (): string | undefined => PACKAGES.find(isInstalled);

export const isTfjsNodeInstalled = (): boolean => installed() !== undefined;

/** To be called in a thread that has no other TensorFlow.js: it would take over as its backend. */
export const tfjsNode = async (): Promise<TfjsNode> => {
  const name = installed();
  if (name === undefined) {
    throw new DiffopsError('DEVICE', 'neither @tensorflow/tfjs-node-gpu nor @tensorflow/tfjs-node is installed', {
      device: 'tensorflow',
      package: PACKAGES[1],
    });
  }
  return require(name) as TfjsNode;
};
