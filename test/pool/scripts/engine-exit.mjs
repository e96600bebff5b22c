/** `process.exit` a given time after the first tile of a run in ONNX Runtime; or, negative, after the start. */

import { compileProgram } from '../../../dist/src/compile/compile.js';
import { Pool } from '../../../dist/src/pool/pool.js';
import { newOps } from '../../../dist/src/primitives/table.js';
import { engineJob } from '../engine-job.mjs';
import { matrixFor } from '../stub.mjs';

const ms = Number(process.argv[2]);
const end = process.argv[3] ?? 'exit';
const pool = new Pool({ workers: 2 });
const finish = async () => {
  if (end === 'close') await pool.close();
  process.exit(9);
};
if (ms < 0) setTimeout(finish, -ms);
const job = engineJob({ newOps, compileProgram }, { n: 512, width: 32, depth: 60 });
let started = false;
const onTile = () => {
  if (started || ms < 0) return;
  started = true;
  setTimeout(finish, ms);
};
const { sink } = matrixFor(job);
for (;;) {
  await pool.run(job, { sink, onTile }).catch((error) => {
    if (error.code !== 'CLOSED') throw error;
    return new Promise(() => setInterval(() => {}, 1000));
  });
}
