/** Pools of one thread, one after the other, every second with threads that die: ONNX Runtime is loaded many times. */

import assert from 'node:assert/strict';
import { compileProgram } from '../../../dist/src/compile/compile.js';
import { Pool } from '../../../dist/src/pool/pool.js';
import { newOps } from '../../../dist/src/primitives/table.js';
import { engineJob } from '../engine-job.mjs';
import { matrixFor } from '../stub.mjs';

const job = engineJob({ newOps, compileProgram }, { n: 96, width: 8 });
const mortal = { file: new URL('../mortal-worker.mjs', import.meta.url) };
const deaths = [];
let first;
for (const options of [{}, mortal, {}, mortal]) {
  const pool = new Pool({ workers: 1, ...options });
  const { data, sink } = matrixFor(job);
  deaths.push((await pool.run(job, { sink })).deaths);
  await pool.close();
  first ??= data;
  assert.deepEqual(data, first);
}
console.log(`deaths ${deaths.join(' ')}`);
