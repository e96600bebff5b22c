/** Runs, an abort, a death, then close: nothing may remain. */

import { streamBlocks } from '../../../dist/src/pool/stream.js';
import { counter, makeJob } from '../stub.mjs';
import { midRun, newPool, start } from './common.mjs';

const ignored = new Set(['PipeWrap', 'TTYWrap', 'FSReqCallback']);
const resources = () => process.getActiveResourcesInfo().filter((name) => !ignored.has(name));
const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)]);

const before = JSON.stringify(listeners());
const pool = newPool();
const controller = new AbortController();
await start(pool, { n: 20, act: { at: 4, how: 'exit', times: 1, counter: counter() } });
const aborted = start(pool, {}, { signal: controller.signal });
setTimeout(() => controller.abort(), 50);
await aborted.catch(() => console.log('aborted'));
for await (const _ of streamBlocks(pool, makeJob({ placement: 'column', width: 1 }))) break;
const closed = midRun(pool, () => void pool.close());
await closed.catch((error) => console.log(error.code));
await pool.close();
// What is closed ends a little later; what is left open never does.
for (let i = 0; i < 200 && resources().length > 0; i++) await new Promise((resolve) => setImmediate(resolve));
console.log(`resources ${JSON.stringify(resources())}`);
console.log(`listeners ${JSON.stringify(listeners()) === before ? 'as before' : JSON.stringify(listeners())}`);
