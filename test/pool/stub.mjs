/** An engine whose programs are made up: they compute a known matrix, slowly, wrongly or fatally as they are told. */

import { threadId } from 'node:worker_threads';

/** Blocks the thread, as native code does. */
const sleep = (ms) => ms > 0 && Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** The matrix that every job computes: M[i, k] for the seeds' side i and the entries' side k, symmetric on purpose. */
export const entry = (x, i, k) => x[i] * x[k] + Math.sin(i + k) * (i === k ? 2 : 1);

/** Adds one to a shared counter and gives the number before that. */
const count = (counter) => Atomics.add(new Int32Array(counter), 0, 1);

const misbehave = (DiffopsError, act, start) => {
  const { at, how, times, counter } = act;
  if ((at >= 0 && at !== start) || count(counter) >= times) return;
  if (how === 'exit') process.exit(13);
  if (how === 'throw') throw new TypeError('the stub threw');
  if (how === 'heap') {
    const held = [];
    for (;;) held.push(new Array(1e5).fill(held.length));
  }
  if (how === 'error')
    throw new DiffopsError(
      'DEVICE',
      'the stub refused 7',
      { value: 7, f: () => {} },
      { cause: new RangeError('deep') },
    );
};

/** `load` of the stub; the DiffopsError of the code under test, which differs between sources and `dist`. */
export const stubLoad = (DiffopsError) => async (artifact) => {
  const spec = artifact.program;
  if (spec.loads) count(spec.loads);
  sleep(spec.loadDelay);
  if (spec.kind === 'point') {
    return {
      inputs: [],
      outputs: [],
      run: async ([x]) => {
        if (spec.runs) count(spec.runs);
        sleep(spec.delay);
        return [{ ...x, data: x.data.map((v) => v / 2) }];
      },
      dispose: async () => {
        if (spec.disposals) count(spec.disposals);
      },
    };
  }
  return {
    inputs: [],
    outputs: [],
    run: async ([x, half, seeds]) => {
      const start = spec.first + seeds.data[0];
      if (half.data[1] !== x.data[1] / 2) throw new Error('the point program did not run');
      sleep(spec.delay);
      if (spec.act) misbehave(DiffopsError, spec.act, start);
      if (spec.log) new Int32Array(spec.log)[start] = threadId;
      const Data = x.data.constructor;
      return spec.outputs.map(({ offset, size, batch }) => {
        const data = new Data(spec.width * size).fill(Number.NaN);
        seeds.data.forEach((seed, s) => {
          if (seed < 0) return;
          for (let e = 0; e < size; e++) {
            const at = batch === 'leading' ? s * size + e : e * spec.width + s;
            const i = spec.first + seed;
            const spoiled = spec.spoil?.some(([a, b]) => a === i && b === offset + e);
            data[at] = spoiled ? Number.NaN : entry(x.data, i, offset + e);
          }
        });
        return { shape: [data.length], dtype: x.dtype, data };
      });
    },
    dispose: async () => {
      if (spec.disposals) count(spec.disposals);
    },
  };
};

let jobs = 0;

/**
 * An n × n job in `groups` groups; `spec` goes to the tile programs. Symmetric groups compute the rows from their
 * first seed on, others all of them, as two outputs whose batch axes differ.
 */
export const makeJob = ({
  n = 24,
  width = 4,
  placement = 'row',
  groups = 2,
  dtype = 'float64',
  point = {},
  ...spec
} = {}) => {
  const Data = dtype === 'float64' ? Float64Array : Float32Array;
  const data = Data.from({ length: n }, (_, i) => Math.fround(Math.cos(3 * i + 1)));
  const key = `job${jobs++}`;
  const artifacts = [
    { engine: 'interpret', key: `${key} point`, inputs: [], outputs: [], program: { kind: 'point', ...point } },
  ];
  const tiles = [];
  const made = Array.from({ length: groups }, (_, g) => {
    const first = Math.floor((g * n) / groups);
    const limit = Math.floor(((g + 1) * n) / groups);
    const from = placement === 'symmetric' ? first : 0;
    const half = Math.ceil((n - from) / 2);
    const outputs = [
      { offset: from, size: half, batch: 'leading' },
      { offset: from + half, size: n - from - half, batch: 'trailing' },
    ];
    artifacts.push({
      engine: 'interpret',
      key: `${key} tile ${g}`,
      inputs: [],
      outputs: [],
      program: { kind: 'tile', first, width, outputs, delay: 0, ...spec },
    });
    for (let start = first; start < limit; start += width) {
      tiles.push({ group: g, start, count: Math.min(width, limit - start) });
    }
    const sources = [
      { from: 'input', index: 0 },
      { from: 'residual', index: 0 },
    ];
    return { artifact: g + 1, sources, first, limit, width, placement, outputs };
  });
  const inputs = [{ shape: [n], dtype, data }];
  const fixed = { key: jobs, values: [] };
  return { artifacts, point: 0, inputs, fixed, groups: made, tiles, dtype, rows: n, columns: n, threads: 1 };
};

/** What the job's matrix must be, row-major. */
export const expected = (job) => {
  const { data } = job.inputs[0];
  const matrix = new data.constructor(job.rows * job.columns);
  for (let i = 0; i < job.rows; i++)
    for (let k = 0; k < job.columns; k++) matrix[i * job.columns + k] = entry(data, i, k);
  return matrix;
};

/** A zeroed matrix for a job, and the sink that fills it. */
export const matrixFor = (job) => {
  const bytes = job.rows * job.columns * (job.dtype === 'float64' ? 8 : 4);
  const buffer = new SharedArrayBuffer(bytes);
  const data = job.dtype === 'float64' ? new Float64Array(buffer) : new Float32Array(buffer);
  return { data, sink: { kind: 'matrix', result: { buffer, memory: null, rooms: bytes, slots: 0, round: 0 } } };
};

export const counter = () => new SharedArrayBuffer(4);
export const counted = (buffer) => new Int32Array(buffer)[0];
