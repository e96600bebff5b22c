/** Assembles src/stitch/kernels.wat into the constants of src/stitch/kernels-code.ts: `npm run kernels`. */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import loadWabt from 'wabt';

const file = (name) => fileURLToPath(new URL(`../src/stitch/${name}`, import.meta.url));

const OWN = '(memory 1)';
const SHARED = '(memory 1 65536 shared)';

const base64Of = (wabt, text) => {
  const module = wabt.parseWat('kernels.wat', text, { simd: true, threads: true });
  return Buffer.from(module.toBinary({}).buffer).toString('base64');
};

/** The module that works on a memory of its thread's, and the same for one that threads share: their bytes in base64. */
export const assembled = async () => {
  const wabt = await loadWabt();
  const text = readFileSync(file('kernels.wat'), 'utf8');
  if (!text.includes(OWN)) throw new Error(`kernels.wat has no ${OWN} to be replaced by ${SHARED}`);
  return { own: base64Of(wabt, text), shared: base64Of(wabt, text.replace(OWN, SHARED)) };
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { own, shared } = await assembled();
  writeFileSync(
    file('kernels-code.ts'),
    [
      '/** What `npm run kernels` makes of `kernels.wat`, in base64; a test compares. */',
      '',
      '/** Over a memory of one thread. */',
      'export const OWN_CODE =',
      `  '${own}';`,
      '',
      '/** Over a memory that threads share. */',
      'export const SHARED_CODE =',
      `  '${shared}';`,
      '',
    ].join('\n'),
  );
}
