/** What is to be known of each device before any work: the engines that compute there, what it has and what it needs. */

/** Backends of TensorFlow.js that interpret programs. */
export type TfjsBackend = 'cpu' | 'wasm' | 'webgpu';

/**
 * How artifacts of an engine are made (`onnx`, `webgpu`, `cuda`, `native`; `tensorflow`: for XLA, `tensorflow-ops`: for being
 * run operation by operation) or kept (`interpret`, `tfjs:…`: the program itself).
 */
export type EngineName =
  | 'onnx'
  | 'webgpu'
  | 'cuda'
  | 'native'
  | 'tensorflow'
  | 'tensorflow-ops'
  | 'interpret'
  | `tfjs:${TfjsBackend}`;

export const isTfjs = (engine: EngineName): engine is `tfjs:${TfjsBackend}` => engine.startsWith('tfjs:');

/** `wasm` of `tfjs:wasm`. */
export const backendNameOf = (engine: `tfjs:${TfjsBackend}`): TfjsBackend => engine.slice(5) as TfjsBackend;

/** Where blocks run. */
export type DeviceName = 'cpu' | 'webgpu' | 'cuda' | 'tensorflow' | 'tfjs:cpu' | 'tfjs:wasm' | 'tfjs:webgpu';

const GPU = 'a GPU with a driver for Vulkan (Linux), Metal or Direct3D 12';

export interface DeviceTraits {
  /** What programs are compiled for; on the CPU loops of our own take its place where they are cheaper. */
  readonly engine: Exclude<EngineName, 'interpret'>;
  /** What runs them with `jit: false`; null: nothing does. */
  readonly interpreter: EngineName | null;
  readonly float64: boolean;
  /** Workers, where that is not for the caller to say: each owns a context. */
  readonly contexts?: number;
  /** Workers, where the caller doesn't say: each more would do over what the first has done, and why. */
  readonly unasked?: { readonly workers: number; readonly why: string };
  /**
   * Whether each worker has a process of its own for its context: a driver that aborts takes its process with it, a context
   * that was lost can keep one from ending, and two of ONNX Runtime's in the threads of one crash it.
   */
  readonly apart?: boolean;
  /** Whether what the point program gives stays on the device: all that tiles need goes through it then. */
  readonly keeps?: boolean;
  /** Whether `'auto'` considers it: it may be faster than the CPU. */
  readonly contends?: boolean;
  readonly detail: string;
  /** What it takes to have it, for who hasn't. */
  readonly needs: string;
}

const interpretedBy = (
  backend: TfjsBackend,
  rest: Pick<DeviceTraits, 'contexts' | 'apart' | 'detail' | 'needs'>,
): DeviceTraits => ({
  engine: `tfjs:${backend}`,
  interpreter: `tfjs:${backend}`,
  float64: false,
  keeps: true,
  ...rest,
});

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
    contexts: 1,
    apart: true,
    keeps: true,
    contends: true,
    detail: 'ONNX Runtime’s WebGPU provider, float32, one worker',
    needs: GPU,
  },
  cuda: {
    engine: 'cuda',
    interpreter: null,
    float64: true,
    contexts: 1,
    contends: true,
    detail: 'ONNX Runtime’s CUDA provider, both precisions, one worker',
    needs:
      'Linux on x64, an NVIDIA GPU, CUDA 12 with cuDNN 9, and the libraries that ' +
      'node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12 fetches',
  },
  tensorflow: {
    engine: 'tensorflow',
    interpreter: 'tensorflow-ops',
    float64: true,
    unasked: { workers: 1, why: 'each more would compile and hold everything again' },
    contends: true,
    detail:
      'TensorFlow and XLA through @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node; operation by operation with jit: false',
    needs: 'one of two packages: npm install @tensorflow/tfjs-node-gpu (NVIDIA GPUs) or @tensorflow/tfjs-node',
  },
  'tfjs:cpu': interpretedBy('cpu', {
    detail: 'TensorFlow.js in plain JavaScript, op by op, float32',
    needs: 'a package: npm install @tensorflow/tfjs-backend-cpu',
  }),
  'tfjs:wasm': interpretedBy('wasm', {
    detail: 'TensorFlow.js in WebAssembly, op by op, float32',
    needs: 'a package: npm install @tensorflow/tfjs-backend-wasm',
  }),
  'tfjs:webgpu': interpretedBy('webgpu', {
    contexts: 1,
    apart: true,
    detail: 'TensorFlow.js on a GPU through Dawn, op by op, float32, one worker',
    needs: `two packages (npm install @tensorflow/tfjs-backend-webgpu webgpu) and ${GPU}`,
  }),
};

/** What a caller may ask for: a device, the one that is likely fastest, or several whose workers share the tiles. */
export type DeviceOption = DeviceName | 'auto' | readonly DeviceName[];

export const DEVICE_NAMES = Object.keys(DEVICES) as DeviceName[];

/** What to do about a context that failed, of which each worker can have another one. */
export const AFTER_A_LOSS =
  'The next call gets a context of its own; if that fails, too, ' +
  "look after the GPU's driver and memory (a larger nbatches makes smaller tiles), or use device: 'cpu'.";
