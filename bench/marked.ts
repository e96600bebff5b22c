/** Parts of the documents that benchmarks write: what stands between `<!-- bench:NAME -->` and `<!-- /bench -->`. */

import { readFileSync, writeFileSync } from 'node:fs';
import { root } from './places.ts';

export const replaceMarked = (file: string, name: string, text: string): void => {
  const path = `${root}${file}`;
  const [begin, end] = [`<!-- bench:${name} -->`, '<!-- /bench -->'];
  const old = readFileSync(path, 'utf8');
  const start = old.indexOf(begin);
  const stop = old.indexOf(end, start);
  if (start < 0 || stop < 0) throw new Error(`${file} has no ${begin} … ${end}`);
  writeFileSync(path, `${old.slice(0, start)}${begin}\n\n${text.trim()}\n\n${old.slice(stop)}`);
};
