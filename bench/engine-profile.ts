/** Runs a program in the engine on this thread, and says what each of its equations took: the engine's own profile. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ort, { type InferenceSession } from 'onnxruntime-node';
import { legalize } from '../src/compile/onnx/legalize.ts';
import { inputName, lowerProgram } from '../src/compile/onnx/lower.ts';
import { encodeModel, type Graph } from '../src/compile/onnx/model.ts';
import { sessionOptions } from '../src/compile/onnx/session.ts';
import { allocate, sizeOf, type TypedArray, type Value } from '../src/ir/aval.ts';
import { type Atom, type Equation, newVar, type Program } from '../src/ir/program.ts';

/** What one equation took in one run: the nodes that were made for it, operands that were moved for it included. */
export interface EquationTime {
  /** Place in the program; −1 for nodes that belong to no equation. */
  readonly index: number;
  readonly microseconds: number;
  /** Engine ops in the order in which they ran. */
  readonly ops: readonly string[];
}

export interface EngineProfile {
  readonly equations: readonly EquationTime[];
  readonly nodes: number;
  /** Microseconds of a run as its caller sees it, with the profiler off; like all here, the lower quartile of several. */
  readonly run: number;
  /** Of it, spent in nodes. */
  readonly inNodes: number;
}

/** The program with the place of each equation as its scope, which reaches the names of the nodes made for it. */
const numbered = (program: Program): Program => {
  const renamed = new Map<Atom, Atom>();
  const atom = (a: Atom): Atom => renamed.get(a) ?? a;
  const equations = program.equations.map((e, i): Equation => {
    const output = newVar(e.output.aval, String(i));
    const made = { ...e, inputs: e.inputs.map(atom), output };
    renamed.set(e.output, output);
    return made;
  });
  return { inputs: program.inputs, equations, outputs: program.outputs.map(atom) };
};

/** A program's session with its operands bound, run again and again. */
export class Loaded {
  readonly #session: InferenceSession;
  readonly #feeds: Record<string, ort.Tensor>;
  readonly #fetches: Record<string, ort.Tensor>;
  readonly #data: TypedArray[];
  readonly #program: Program;

  private constructor(program: Program, { outputs }: Graph, session: InferenceSession, inputs: readonly Value[]) {
    this.#program = program;
    this.#session = session;
    this.#feeds = {};
    for (const [k, { dtype, data, shape }] of inputs.entries()) {
      const name = inputName(k);
      if (session.inputNames.includes(name)) this.#feeds[name] = new ort.Tensor(dtype, data.slice() as never, shape);
    }
    // As in a worker, results are computed into the same memory each time.
    this.#data = program.outputs.map(({ aval }) => allocate(aval.dtype, sizeOf(aval.shape)));
    this.#fetches = {};
    // A graph's output may have another shape than the program's.
    for (const [k, { name, dtype, shape }] of outputs.entries()) {
      this.#fetches[name] = new ort.Tensor(dtype, this.#data[k] as never, shape) as ort.Tensor;
    }
  }

  static async load(program: Program, inputs: readonly Value[], options: InferenceSession.SessionOptions = {}) {
    const graph = lowerProgram(legalize(numbered(program)));
    const session = await ort.InferenceSession.create(encodeModel(graph), { ...sessionOptions(1), ...options });
    return new Loaded(program, graph, session, inputs);
  }

  /** Microseconds of the processor that one run takes: what others do on the machine meanwhile isn't counted. */
  async run(): Promise<number> {
    const began = process.cpuUsage();
    await this.#session.run(this.#feeds, this.#fetches);
    const { user, system } = process.cpuUsage(began);
    return user + system;
  }

  /** What the last run computed. */
  values(): Value[] {
    return this.#program.outputs.map(({ aval }, k) => ({ ...aval, data: this.#data[k] }));
  }

  /** Ends the profile, if there is one. */
  async release(profiled = false): Promise<void> {
    if (profiled) this.#session.endProfiling();
    await this.#session.release();
  }
}

/** A program's results at these inputs. */
export const valuesAt = async (program: Program, inputs: readonly Value[]): Promise<Value[]> => {
  if (program.outputs.length === 0) return [];
  const loaded = await Loaded.load(program, inputs);
  await loaded.run();
  const values = loaded.values();
  await loaded.release();
  return values;
};

interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args: { readonly op_name?: string };
}

/** Runs within so many milliseconds, but at least and at most so many. */
const MILLISECONDS = 400;
const FEWEST = 6;
const MOST = 40;

/** Profiles a program at these inputs; the profiler's file is made in a temporary folder and is gone afterwards. */
export const profileOf = async (program: Program, inputs: readonly Value[]): Promise<EngineProfile> => {
  const folder = mkdtempSync(join(tmpdir(), 'diffops-profile-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // Also when the process ends early, for one because nobody reads its output any more.
  process.once('exit', remove);
  try {
    const loaded = await Loaded.load(program, inputs, {
      enableProfiling: true,
      profileFilePrefix: join(folder, 'run'),
    });
    const plain = await Loaded.load(program, inputs);
    const first = await plain.run();
    await loaded.run();
    const count = Math.min(MOST, Math.max(FEWEST, Math.round((1000 * MILLISECONDS) / first)));
    const unprofiled: number[] = [];
    for (let k = 0; k < count; k++) {
      await loaded.run();
      unprofiled.push(await plain.run());
    }
    await loaded.release(true);
    await plain.release();
    const [file] = readdirSync(folder);
    const events: TraceEvent[] = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    return { run: lowerQuartile(unprofiled), ...summary(events) };
  } finally {
    process.removeListener('exit', remove);
    remove();
  }
};

const TIMED = /_kernel_time$/;
const PLACE = /\((\d+)\)#\d+_kernel_time$/;

/** The value below which a quarter lies: what it takes when nobody else is at work, but not the luckiest run. */
const lowerQuartile = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 4)];

/** What the nodes of each equation took, by runs; the first run is left out: it fills caches and memory. */
const summary = (events: readonly TraceEvent[]): Omit<EngineProfile, 'run'> => {
  const byTime = (a: TraceEvent, b: TraceEvent): number => a.ts - b.ts;
  const [, ...runs] = events.filter((e) => e.name === 'model_run').sort(byTime);
  const nodes = events.filter((e) => e.cat === 'Node' && TIMED.test(e.name)).sort(byTime);
  const times = new Map<number, { readonly took: number[]; readonly ops: string[] }>();
  for (const [k, { ts, dur }] of runs.entries()) {
    for (const node of nodes) {
      if (node.ts < ts || node.ts >= ts + dur) continue;
      const place = PLACE.exec(node.name);
      const index = place ? Number(place[1]) : -1;
      const entry = times.get(index) ?? { took: new Array<number>(runs.length).fill(0), ops: [] };
      times.set(index, entry);
      entry.took[k] += node.dur;
      if (k === 0) entry.ops.push(node.args.op_name ?? '');
    }
  }
  const equations = [...times].map(([index, { took, ops }]) => ({ index, microseconds: lowerQuartile(took), ops }));
  return {
    equations,
    nodes: equations.reduce((sum, { ops }) => sum + ops.length, 0),
    inNodes: equations.reduce((sum, { microseconds }) => sum + microseconds, 0),
  };
};
