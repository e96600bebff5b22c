/** A run as an async iterable of blocks, no faster than they are consumed. */

import type { Block } from '../stitch/block.ts';
import { onAbort } from './abort.ts';
import type { Runner } from './in-process.ts';
import type { Job } from './job.ts';
import type { Progress } from './run.ts';

export interface StreamOptions {
  readonly signal?: AbortSignal | undefined;
  readonly mostWorkers?: number | undefined;
  readonly onTile?: ((progress: Progress) => void) | undefined;
  /** Called with the first column that is not finite in a block, before it is given out; may throw. */
  readonly onSpoiled?: ((column: number, block: Block) => void) | undefined;
}

interface Parcel {
  readonly block: Block;
  consumed(): void;
}

/**
 * The job's blocks, each once, in no promised order. At most as many blocks exist as the run has workers, plus one;
 * one counts until the next is asked for. The run starts with the first `next()`; `return()` stops it within one tile.
 */
export async function* streamBlocks(
  runner: Runner,
  job: Job | readonly Job[],
  options: StreamOptions = {},
): AsyncGenerator<Block> {
  const { signal, mostWorkers, onTile, onSpoiled } = options;
  const stop = new AbortController();
  const deafen = signal ? onAbort(signal, () => stop.abort(signal.reason)) : () => {};

  const parcels: Parcel[] = [];
  let ended: { readonly error?: unknown; readonly failed: boolean } | undefined;
  let wake: () => void = () => {};
  const run = runner
    .run(job, {
      signal: stop.signal,
      mostWorkers,
      onTile,
      sink: {
        kind: 'blocks',
        accept: (block, spoiled, consumed) => {
          if (spoiled >= 0) onSpoiled?.(spoiled, block);
          parcels.push({ block, consumed });
          wake();
        },
      },
    })
    .then(
      () => {
        ended = { failed: false };
        wake();
      },
      (error: unknown) => {
        ended = { failed: true, error };
        wake();
      },
    );
  try {
    for (;;) {
      if (stop.signal.aborted) {
        // Blocks that came before the tiles at work were done are not given out any more.
        await run;
        throw ended?.failed ? ended.error : stop.signal.reason;
      }
      if (ended?.failed) throw ended.error;
      const parcel = parcels.shift();
      if (parcel) {
        yield parcel.block;
        parcel.consumed();
      } else if (ended) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    deafen();
    stop.abort();
    await run;
  }
}
