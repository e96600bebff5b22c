/** Starts the thread that writes a file, and hears how it fares. */

import { Worker } from 'node:worker_threads';
import { workerFile } from '../worker-file.ts';
import type { CheckOrder, WriteOrder, WriterSays } from './write-strips.ts';

/** Resolves when the order is carried out or its run was stopped, and the thread is gone; rejects with what it threw. */
export const writeInThread = (order: WriteOrder | CheckOrder, hear: (message: WriterSays) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const thread = new Worker(workerFile('file-writer'), {
      workerData: order,
      // `node --input-type=module -e …` hands its flag down to threads, which then refuse to run a file.
      ...(process.execArgv.some((flag) => flag.startsWith('--input-type')) ? { execArgv: [] } : {}),
    });
    let failure: { readonly error: unknown } | undefined;
    thread.on('message', hear);
    thread.once('error', (error) => {
      failure = { error };
    });
    thread.once('exit', () => (failure ? reject(failure.error) : resolve()));
  });
