/** What is to be known of each device before any work: the engines that compute there, what it has and what it needs. */

/**
 * How artifacts of an engine are made (`onnx`, `webgpu`, `native`; `tensorflow`: for XLA, `tensorflow-ops`: for being run
 * operation by operation) or kept (`interpret`: the program itself).
 */
export type EngineName = 'onnx' | 'webgpu' | 'native' | 'tensorflow' | 'tensorflow-ops' | 'interpret';

/** Where blocks run. */
export type DeviceName = 'cpu' | 'webgpu';

export interface DeviceTraits {
  /** What programs are compiled for; on the CPU loops of our own take its place where they are cheaper. */
  readonly engine: Exclude<EngineName, 'interpret'>;
  /** What runs them with `jit: false`; null: nothing does. */
  readonly interpreter: EngineName | null;
  readonly float64: boolean;
  /** Workers, where that is not for the caller to say: each owns a context. */
  readonly contexts?: number;
  readonly detail: string;
  /** What it takes to have it, for who hasn't. */
  readonly needs: string;
}

/** All devices, in the order in which `devices()` lists them. */
export const DEVICES: Readonly<Record<DeviceName, DeviceTraits>> = {
  cpu: {
    engine: 'onnx',
    interpreter: 'interpret',
    float64: true,
    detail: 'ONNX Runtime and native code on the CPU; diffops’ own evaluator with jit: false',
    needs: 'nothing',
  },
  webgpu: {
    engine: 'webgpu',
    interpreter: null,
    float64: false,
    // Several in a process crash in some of its drivers and providers.
    contexts: 1,
    detail: 'ONNX Runtime’s WebGPU provider, float32, one worker',
    needs: 'a GPU with a driver for Vulkan (Linux), Metal or Direct3D 12',
  },
};

export const DEVICE_NAMES = Object.keys(DEVICES) as DeviceName[];

/** Names of the contract that this version does not have yet. */
export const LATER = ['cuda', 'tensorflow', 'tfjs:cpu', 'tfjs:wasm', 'tfjs:webgpu'];
