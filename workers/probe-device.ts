/** The module of a process that tries a device: it computes a little there, and says how that went. */

import { compileProgram } from '../src/compile/compile.ts';
import { loadArtifact } from '../src/compile/load.ts';
import { DEVICES, type DeviceName } from '../src/device-traits.ts';
import { DiffopsError } from '../src/errors.ts';
import { newOps } from '../src/primitives/table.ts';

const VALUE = { shape: [4], dtype: 'float32' } as const;

const tryOut = async (device: DeviceName): Promise<string | undefined> => {
  try {
    const ops = newOps();
    const x = ops.input(VALUE);
    const artifact = compileProgram(ops.build([ops.mul(x, x)]), DEVICES[device].engine);
    const executable = await loadArtifact(artifact, { threads: 1 });
    const [{ data }] = await executable.run([{ ...VALUE, data: Float32Array.of(1, 2, 3, 4) }]);
    const right = data.every((square, i) => square === (i + 1) ** 2);
    return right ? undefined : `it computed ${data} for the squares of 1, 2, 3, 4`;
  } catch (error) {
    const { cause, message } = error as Error;
    if (error instanceof DiffopsError && error.fields.package) return message;
    // The engine's own words, without its addresses in its sources.
    return (cause instanceof Error ? cause.message : message).replace(/^\/\S+ .*? was false\. /s, '').trim();
  }
};

const reason = await tryOut(process.argv[2] as DeviceName);
process.stdout.write(`${JSON.stringify(reason === undefined ? {} : { reason })}\n`);
