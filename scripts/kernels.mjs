/** Assembles src/stitch/kernels.wat into the constant that src/stitch/kernels.ts holds: `npm run kernels`. */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import loadWabt from 'wabt';

const file = (name) => fileURLToPath(new URL(`../src/stitch/${name}`, import.meta.url));

/** The module's bytes in base64. */
export const assembled = async () => {
  const wabt = await loadWabt();
  const module = wabt.parseWat('kernels.wat', readFileSync(file('kernels.wat'), 'utf8'), { simd: true });
  return Buffer.from(module.toBinary({}).buffer).toString('base64');
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const source = readFileSync(file('kernels.ts'), 'utf8');
  writeFileSync(file('kernels.ts'), source.replace(/(const CODE =\n? *)'[^']*'/, `$1'${await assembled()}'`));
}
