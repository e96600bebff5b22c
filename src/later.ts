/** What the contract names and this version does not have yet: listed or refused, never silently missing. */

export interface Device {
  readonly name: string;
  readonly available: boolean;
  /** Why it can't be used, where it can't. */
  readonly reason: string | undefined;
  readonly detail: string;
}

const LATER = ['webgpu', 'cuda', 'tensorflow', 'tfjs:cpu', 'tfjs:wasm', 'tfjs:webgpu'];

/** What can run here. */
export const devices = async (): Promise<Device[]> => [
  {
    name: 'cpu',
    available: true,
    reason: undefined,
    detail: 'ONNX Runtime on the CPU; diffops’ own evaluator with jit: false',
  },
  ...LATER.map((name) => ({ name, available: false, reason: 'not supported by this version of diffops', detail: '' })),
];
