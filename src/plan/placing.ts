/** Which engine each program of a plan runs on, as far as memory bears it, and the copies that a thread holds for that. */

import { bytesOf } from '../ir/aval.ts';
import type { Program } from '../ir/program.ts';
import type { Source } from '../pool/job.ts';
import { livePeakBytes } from './cost.ts';
import { type CompiledEngine, cheaperEngine } from './engines.ts';

/** Of a thread's native programs together: copies of what they are given, and of one of them: its own values. */
const MOST_COPIED_BYTES = 2 ** 29;
export const MOST_LIVE_BYTES = 2 ** 30;

export interface Placing {
  readonly point: CompiledEngine;
  readonly groups: readonly CompiledEngine[];
  /** What native programs copy into their memory and keep there: each its own. */
  readonly copiedBytes: number;
}

/** What a native point program made is read where it is; everything else is copied. */
export const placingOf = (
  point: Program | null,
  groups: readonly { readonly program: Program; readonly sources: readonly Source[] }[],
  native: boolean,
): Placing => {
  let copiedBytes = 0;
  const engineOf = (program: Program, isThere: (input: number) => boolean): CompiledEngine => {
    const { engine } = cheaperEngine(program, { native });
    if (engine === 'onnx') return engine;
    const copied = program.inputs.reduce((sum, v, k) => (isThere(k) ? sum : sum + bytesOf(v.aval)), 0);
    const fits = copiedBytes + copied <= MOST_COPIED_BYTES && livePeakBytes(program) <= MOST_LIVE_BYTES;
    if (!fits) return 'onnx';
    copiedBytes += copied;
    return engine;
  };
  const pointEngine = point ? engineOf(point, () => false) : 'onnx';
  const engines = groups.map(({ program, sources }) =>
    engineOf(program, (k) => pointEngine === 'native' && sources[k]?.from === 'residual'),
  );
  return { point: pointEngine, groups: engines, copiedBytes };
};

/** All on a device that has one engine. */
export const placedOn = (engine: CompiledEngine, groups: readonly unknown[]): Placing => ({
  point: engine,
  groups: groups.map(() => engine),
  copiedBytes: 0,
});
