/** The module of the thread that writes a file: carries out the one order that it is started with. */

import { parentPort, workerData } from 'node:worker_threads';
import type { CheckOrder, WriteOrder, WriterSays } from '../src/file/write-strips.ts';
import { carryOut } from '../src/file/write-strips.ts';

await carryOut(workerData as WriteOrder | CheckOrder, (message: WriterSays) => parentPort?.postMessage(message));
