/** The module of a process that tries a device: it computes a little there, and says how that went. */

import { compileProgram } from '../src/compile/compile.ts';
import { loadHere } from '../src/compile/load.ts';
import { wordsOf } from '../src/compile/onnx/words.ts';
import { DEVICES, type DeviceName } from '../src/device-traits.ts';
import { DiffopsError } from '../src/errors.ts';
import { newOps } from '../src/primitives/table.ts';

const VALUE = { shape: [4], dtype: 'float32' } as const;

/** Rows of the matrices whose product is timed: of small ones first, and of large ones where these take less milliseconds. */
const ROWS = { few: 256, many: 1024 };
const SHORT = 20;

const tryOut = async (device: DeviceName): Promise<void> => {
  const ops = newOps();
  const x = ops.input(VALUE);
  const artifact = compileProgram(ops.build([ops.mul(x, x)]), DEVICES[device].engine);
  const executable = await loadHere(artifact, { threads: 1 });
  const [{ data }] = await executable.run([{ ...VALUE, data: Float32Array.of(1, 2, 3, 4) }]);
  if (data.every((square, i) => square === (i + 1) ** 2)) return;
  throw new DiffopsError('DEVICE', `it computed ${data} for the squares of 1, 2, 3, 4`);
};

/** Milliseconds of a product of matrices of so many rows, of which one row comes back: the best of three. */
const product = async (device: DeviceName, rows: number): Promise<number> => {
  const ops = newOps();
  const matrix = { shape: [rows, rows], dtype: 'float32' } as const;
  const x = ops.input(matrix);
  const square = ops.dot(x, x, { lhs: [0, 1], rhs: [1, 2], out: [0, 2] });
  // The sum of a product would be made without the product.
  const artifact = compileProgram(ops.build([ops.sum(ops.unary('abs', square), [0])]), DEVICES[device].engine);
  const executable = await loadHere(artifact, { threads: 1 });
  const inputs = [{ ...matrix, data: new Float32Array(rows * rows).fill(1e-3) }];
  await executable.run(inputs);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const began = performance.now();
    await executable.run(inputs);
    best = Math.min(best, performance.now() - began);
  }
  await executable.dispose();
  return best;
};

/** Floating-point operations per second. */
const measure = async (device: DeviceName): Promise<number> => {
  const few = await product(device, ROWS.few);
  const [rows, milliseconds] = few > SHORT ? [ROWS.few, few] : [ROWS.many, await product(device, ROWS.many)];
  return (2 * rows ** 3) / (milliseconds / 1000);
};

const reasonOf = (error: unknown): string => {
  const { cause, message } = error as Error;
  if (error instanceof DiffopsError && error.fields.package) return message;
  return wordsOf(cause instanceof Error ? cause : message);
};

// What a driver has at work might hold up its end.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

const [device, task] = process.argv.slice(2) as [DeviceName, 'try' | 'measure'];
const work = async (): Promise<object> => {
  if (task === 'measure') return { perSecond: await measure(device) };
  await tryOut(device);
  return {};
};
const answer = await work().catch((error) => ({ reason: reasonOf(error) }));
process.send?.(answer);
