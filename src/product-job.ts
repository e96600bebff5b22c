/** One run of a program on a device's worker, as the job of a matrix with one row: its outputs, one after the other. */

import { compileProgram } from './compile/compile.ts';
import type { DeviceName, EngineName } from './device-traits.ts';
import { bytesPerElement, type FloatDtype, sizeOf, type Value } from './ir/aval.ts';
import type { Program } from './ir/program.ts';
import type { Job, Share } from './pool/job.ts';
import { newOps } from './primitives/table.ts';
import type { Runners } from './runners.ts';
import { newResultMemory } from './stitch/result-memory.ts';
import { replay } from './transforms/replay.ts';

interface Order {
  readonly program: Program;
  readonly engine: EngineName;
  readonly inputs: readonly Value[];
  /** Of all outputs. */
  readonly precision: FloatDtype;
  readonly signal: AbortSignal | undefined;
}

/** The program as a tile of one seed, whose index it has no use for: each output as a row. */
const asTile = (program: Program, precision: FloatDtype): Program => {
  const ops = newOps();
  const outputs = replay(ops, program, ops.adoptInputs(program));
  ops.input({ shape: [1], dtype: 'int32' });
  const filled = outputs.filter(({ aval }) => sizeOf(aval.shape) > 0);
  return ops.build(filled.map((output) => ops.reshape(ops.cast(output, precision), [1, sizeOf(output.aval.shape)])));
};

const jobOf = ({ program, engine, inputs, precision }: Order, share: Share): Job => {
  const tile = asTile(program, precision);
  let columns = 0;
  const outputs = tile.outputs.map(({ aval: { shape } }) => {
    const offset = columns;
    columns += shape[1];
    return { offset, size: shape[1], batch: 'leading' as const };
  });
  const sources = inputs.map((_, index) => ({ from: 'input' as const, index }));
  const group = { artifact: 0, sources, first: 0, limit: 1, width: 1, placement: 'row' as const, outputs };
  return {
    share,
    artifacts: [compileProgram(tile, engine)],
    point: null,
    inputs,
    fixed: { key: -1, values: [] },
    groups: [group],
    tiles: [{ group: 0, start: 0, count: 1 }],
    dtype: precision,
    rows: 1,
    columns,
    threads: 1,
  };
};

/** What the program gives for these inputs. */
export const runOnDevice = async (order: Order, device: DeviceName, runners: Runners): Promise<Value[]> => {
  const { program, precision, signal } = order;
  const job = jobOf(order, { device, workers: 1 });
  const result = newResultMemory(job.columns * bytesPerElement(precision), 0);
  await runners.pool.run(job, { sink: { kind: 'matrix', result }, signal });
  const row =
    precision === 'float64'
      ? new Float64Array(result.buffer, 0, job.columns)
      : new Float32Array(result.buffer, 0, job.columns);
  let first = 0;
  return program.outputs.map(({ aval: { shape } }): Value => {
    const data = row.slice(first, first + sizeOf(shape));
    first += sizeOf(shape);
    return { shape, dtype: precision, data };
  });
};
