/** Machine code for stitching, `kernels.wat` beside this file: what JavaScript's loops are several times slower at. */

import type { Kernels, KernelsOverMemory, LinearMemory } from './linear-memory.ts';
import { plainKernels } from './plain-kernels.ts';

/** The part of the WebAssembly interface that is used here; TypeScript declares it for browsers only. */
declare const WebAssembly: {
  readonly Memory: new (limits: { readonly initial: number }) => LinearMemory;
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly stitch: { readonly memory: LinearMemory } },
  ) => { readonly exports: unknown };
};

/** The assembled `kernels.wat`, which a test compares: after a change there, `npm run kernels` writes this line. */
const CODE =
  'AGFzbQEAAAABFwNgAn9/AX9gBH9/f38AYAZ/f39/f38AAhIBBnN0aXRjaAZtZW1vcnkCAAEDCQgAAAEBAgICAgczBAhmaW5pdGUzMgAACGZpbml0ZTY0AAELdHJhbnNwb3NlMzIABAt0cmFuc3Bvc2U2NAAGCr0KCJ8BAgF/AntBgICA/Af9ESEDIAAgAUF4cUECdGohAgJAA0AgACACTw0BIAQgAP0ABAAgA/1OIAP9NyAA/QAEECAD/U4gA/03/VD9UCEEIABBIGohAAwACwsgBP1TBEBBAA8LIAIgAUEHcUECdGohAgJAA0AgACACTw0BIAAoAgBBgICA/AdxQYCAgPwHRgRAQQAPCyAAQQRqIQAMAAsLQQELsAECAX8Ce0KAgICAgICA+P8A/RIhAyAAIAFBfHFBA3RqIQICQANAIAAgAk8NASAEIAD9AAQAIAP9TiAD/dYBIAD9AAQQIAP9TiAD/dYB/VD9UCEEIABBIGohAAwACwsgBP1TBEBBAA8LIAIgAUEDcUEDdGohAgJAA0AgACACTw0BIAApAwBCgICAgICAgPj/AINCgICAgICAgPj/AFEEQEEADwsgAEEIaiEADAALC0EBC54CAQZ7IAD9AAQAIQQgACABaiEAIAD9AAQAIQUgACABaiEAIAD9AAQAIQYgACABaiEAIAD9AAQAIQcgBCAF/Q0AAQIDEBESEwQFBgcUFRYXIQggBiAH/Q0AAQIDEBESEwQFBgcUFRYXIQkgAiAIIAn9DQABAgMEBQYHEBESExQVFhf9CwQAIAIgA2ohAiACIAggCf0NCAkKCwwNDg8YGRobHB0eH/0LBAAgAiADaiECIAQgBf0NCAkKCxgZGhsMDQ4PHB0eHyEIIAYgB/0NCAkKCxgZGhsMDQ4PHB0eHyEJIAIgCCAJ/Q0AAQIDBAUGBxAREhMUFRYX/QsEACACIANqIQIgAiAIIAn9DQgJCgsMDQ4PGBkaGxwdHh/9CwQAC1IBAnsgAP0ABAAhBCAAIAFq/QAEACEFIAIgBCAF/Q0AAQIDBAUGBxAREhMUFRYX/QsEACACIANqIAQgBf0NCAkKCwwNDg8YGRobHB0eH/0LBAALpQIBBn8CQANAIAYgBE8NASAGQRBqIQggCCAESwRAIAQhCAtBACEHAkADQCAHIAVPDQEgB0EQaiEJIAkgBUsEQCAFIQkLIAYhCgJAA0AgCiAITw0BIAchCyAKQQRqIAhNBEACQANAIAtBBGogCUsNASAAIAogAWwgC0ECdGpqIAEgAiALIANsIApBAnRqaiADEAIgC0EEaiELDAALCwsCQANAIAsgCU8NASAAIAEgAiADIAogCxAFIApBBGogCE0EQCAAIAEgAiADIApBAWogCxAFIAAgASACIAMgCkECaiALEAUgACABIAIgAyAKQQNqIAsQBQsgC0EBaiELDAALCyAKQQRBASAKQQRqIAhNG2ohCgwACwsgCSEHDAALCyAIIQYMAAsLCyQAIAIgBSADbCAEQQJ0amogACAEIAFsIAVBAnRqaioCADgCAAuDAgEGfwJAA0AgBiAETw0BIAZBCGohCCAIIARLBEAgBCEIC0EAIQcCQANAIAcgBU8NASAHQQhqIQkgCSAFSwRAIAUhCQsgBiEKAkADQCAKIAhPDQEgByELIApBAmogCE0EQAJAA0AgC0ECaiAJSw0BIAAgCiABbCALQQN0amogASACIAsgA2wgCkEDdGpqIAMQAyALQQJqIQsMAAsLCwJAA0AgCyAJTw0BIAAgASACIAMgCiALEAcgCkECaiAITQRAIAAgASACIAMgCkEBaiALEAcLIAtBAWohCwwACwsgCkECQQEgCkECaiAITRtqIQoMAAsLIAkhBwwACwsgCCEGDAALCwskACACIAUgA2wgBEEDdGpqIAAgBCABbCAFQQN0amorAwA5AwAL';

let compiled: object | undefined;

const assembledKernels = (): KernelsOverMemory => {
  compiled ??= new WebAssembly.Module(Buffer.from(CODE, 'base64'));
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(compiled, { stitch: { memory } });
  return { memory, kernels: exports as Kernels };
};

/**
 * A memory of its own with the kernels over it. Each reserves some gigabytes of addresses, whatever its size; where these
 * can't be had (a limit on virtual memory), or machine code isn't allowed, plain loops do the same.
 */
export const newKernels = (): KernelsOverMemory => {
  try {
    return assembledKernels();
  } catch {
    return plainKernels();
  }
};
