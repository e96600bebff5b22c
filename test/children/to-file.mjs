/** Writes a Hessian to a file, and kills its own process, or stops it, when so many strips are in it: `node to-file.mjs '{"out": …}'`. */

import { existsSync, readFileSync } from 'node:fs';
import { createRuntime } from '../../dist/src/index.js';
import { problem } from './to-file-problem.mjs';

const { out, killAfter, signal = 'SIGKILL', device = 'cpu', options } = JSON.parse(process.argv[2]);

const written = () => {
  const journal = `${out}.journal`;
  return existsSync(journal) ? readFileSync(journal, 'utf8').split('"crc"').length - 1 : 0;
};

const onProgress = () => {
  if (written() >= killAfter) process.kill(process.pid, signal);
};
const { f, x } = problem();
const runtime = createRuntime({ workers: 2, device });
await runtime.hessian(f, x, { out, data: 1, onProgress, ...options });
