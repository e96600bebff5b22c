/** Kernel → the instructions of its loops: vectors along one loop, the rest of it one by one. */

import type { Ending, Kernel } from '../../fusion/kernel.ts';
import { lanesOf, variesAlong, vectorsAtOnce } from '../../fusion/vector-loop.ts';
import { bytesPerElement, type Dtype } from '../../ir/aval.ts';
import { Code } from './code.ts';
import { Cursors, STORE } from './cursors.ts';
import { Evaluation, scalarType } from './evaluation.ts';
import { extractLane, loadScalar, loadVector, storeScalar, storeVector } from './memory-code.ts';
import { ScalarOps } from './scalar-ops.ts';

const COMBINING: Partial<Record<Ending, string>> = { reduce_sum: 'add', reduce_max: 'max', reduce_min: 'min' };

/** What a combination starts from. */
const neutral = (ending: Ending, dtype: Dtype): number => {
  if (ending === 'reduce_sum') return 0;
  const largest = dtype === 'int32' ? 2 ** 31 - 1 : Number.POSITIVE_INFINITY;
  return ending === 'reduce_max' ? (dtype === 'int32' ? -(2 ** 31) : -largest) : largest;
};

/** A number of vectors, or one element. */
type Width = number | 'one';

class KernelCode {
  readonly #kernel: Kernel;
  readonly #code = new Code(1);
  readonly #dtype: Dtype;
  readonly #cursors: Cursors;
  readonly #values: Evaluation;
  readonly #scalar: ScalarOps;
  /** The loop along which vectors lie; −1: none. */
  readonly #along: number;
  readonly #lanes: 2 | 4;
  readonly #counters: number[];
  #totals: { readonly vectors: number[]; readonly one: number } | undefined;
  /** Where a scattered element goes, if its index holds for the innermost loop. */
  #target: number | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#dtype = kernel.nodes[kernel.result].dtype;
    this.#lanes = lanesOf(kernel);
    this.#along = kernel.along;
    this.#cursors = new Cursors(this.#code, kernel, this.#dtype);
    this.#values = new Evaluation(this.#code, kernel, this.#cursors, this.#along, this.#lanes);
    this.#scalar = new ScalarOps(this.#code);
    this.#counters = Array.from({ length: kernel.loops }, () => this.#code.local('i32'));
  }

  emit(): Uint8Array {
    const { ending, kept, loops } = this.#kernel;
    if (ending in COMBINING && kept < loops) this.#combine(0);
    else this.#plain(0);
    return this.#code.finish();
  }

  /** Loops without a combination, from `loop` on. */
  #plain(loop: number): void {
    const { loops, scatter } = this.#kernel;
    if (loop < loops - 1) {
      this.#nested(loop, () => this.#plain(loop + 1));
      return;
    }
    const innermost = loops === 0 ? [] : [loops - 1];
    this.#values.settle(innermost);
    const run = (): void => this.#stretch(loops - 1, (width) => this.#storeAll(width));
    const isSettled = (k: number): boolean => !variesAlong(this.#kernel.nodes, (steps) => steps[loops - 1] !== 0)[k];
    if (scatter && (loops === 0 || isSettled(scatter.index))) {
      this.#guarded(() => this.#values.pushScalar(scatter.index), run);
    } else run();
  }

  #nested(loop: number, body: () => void): void {
    this.#cursors.through(loop, () =>
      this.#code.times(this.#cursors.extent(loop), this.#counters[loop], () => {
        body();
        this.#cursors.advance(loop);
      }),
    );
  }

  /** Goes along a loop in the widest steps: as many vectors as the registers bear, one vector, one element. */
  #stretch(loop: number, body: (width: Width) => void): void {
    if (loop < 0) {
      body('one');
      return;
    }
    const code = this.#code;
    const left = this.#counters[loop];
    this.#cursors.through(loop, () => {
      code.get(this.#cursors.extent(loop));
      code.set(left);
      for (const width of this.#widths(loop)) {
        const elements = width === 'one' ? 1 : width * this.#lanes;
        code.forever(() => {
          code.get(left);
          code.i32(elements);
          code.op(0x49);
          code.leaveIf();
          body(width);
          this.#cursors.advance(loop, elements);
          code.get(left);
          code.i32(elements);
          code.op(0x6b);
          code.set(left);
        });
      }
    });
  }

  #widths(loop: number): Width[] {
    if (loop !== this.#along) return ['one'];
    const most = vectorsAtOnce(this.#values.varying);
    return most === 1 ? [1, 'one'] : [most, 1, 'one'];
  }

  #storeAll(width: Width): void {
    const { result } = this.#kernel;
    if (width === 'one') {
      this.#values.scalars();
      this.#store(0, () => this.#values.pushScalar(result), 'one');
      return;
    }
    for (let part = 0; part < width; part++) {
      this.#values.vectors(part);
      this.#store(part, () => this.#values.pushVector(result), width);
    }
  }

  /** Stores what `push` pushes, or adds it to what is there. */
  #store(part: number, push: () => void, width: Width): void {
    const { scatter } = this.#kernel;
    if (scatter === undefined || this.#target !== undefined) this.#put(part, push, width);
    else {
      this.#guarded(
        () => this.#values.pushScalar(scatter.index),
        () => this.#put(part, push, width),
      );
    }
  }

  #put(part: number, push: () => void, width: Width): void {
    const code = this.#code;
    const bytes = part * this.#lanes * bytesPerElement(this.#dtype);
    const address = (): void => {
      this.#cursors.push(STORE, bytes);
      if (this.#target === undefined) return;
      code.get(this.#target);
      code.op(0x6a);
    };
    const adds = this.#kernel.ending === 'accumulate';
    address();
    if (width === 'one') {
      const value = (k: number): void => {
        if (k === 0) {
          push();
          return;
        }
        address();
        loadScalar(code, this.#dtype);
      };
      if (adds) this.#scalar.op('add', this.#dtype, this.#dtype, value);
      else push();
      storeScalar(code, this.#dtype);
    } else {
      const value = (k: number): void => {
        if (k === 0) {
          push();
          return;
        }
        address();
        loadVector(code, this.#dtype, this.#lanes);
      };
      if (adds) this.#values.vector.op('add', this.#dtype, this.#dtype, value);
      else push();
      storeVector(code, this.#dtype, this.#lanes);
    }
  }

  /** Runs `body` where an index names a place to store to. */
  #guarded(index: () => void, body: () => void): void {
    const { scatter } = this.#kernel;
    if (!scatter) {
      body();
      return;
    }
    const code = this.#code;
    index();
    code.i32(scatter.size);
    code.op(0x49);
    code.when(() => {
      index();
      code.i32(scatter.scale * bytesPerElement(this.#dtype));
      code.op(0x6c);
      this.#target = code.local('i32');
      code.set(this.#target);
      body();
      this.#target = undefined;
    });
  }

  /** Loops that keep what the result keeps, around those that are combined. */
  #combine(loop: number): void {
    const { kept, loops } = this.#kernel;
    const across = this.#along >= kept || this.#along < 0;
    if (loop < kept - 1 || (loop < kept && across)) {
      this.#nested(loop, () => this.#combine(loop + 1));
      return;
    }
    const inner = Array.from({ length: loops - loop }, (_, k) => loop + k);
    this.#values.settle(inner);
    if (across) this.#combineAcross();
    else this.#stretch(loop, (width) => this.#combineAlong(width));
  }

  get #totalsMade(): { readonly vectors: number[]; readonly one: number } {
    this.#totals ??= {
      vectors: Array.from({ length: vectorsAtOnce(this.#values.varying) }, () => this.#code.local('v128')),
      one: this.#code.local(scalarType(this.#dtype)),
    };
    return this.#totals;
  }

  #reset(width: Width): void {
    const { vectors, one } = this.#totalsMade;
    const start = neutral(this.#kernel.ending, this.#dtype);
    if (width === 'one') {
      this.#scalar.constant(start, this.#dtype);
      this.#code.set(one);
      return;
    }
    for (let part = 0; part < width; part++) {
      this.#values.vector.constant(start, this.#dtype);
      this.#code.set(vectors[part]);
    }
  }

  /** Adds one step's values to the totals. */
  #gatherIn(width: Width): void {
    const { result, ending } = this.#kernel;
    const { vectors, one } = this.#totalsMade;
    const op = COMBINING[ending] as string;
    if (width === 'one') {
      this.#values.scalars();
      this.#scalar.op(op, this.#dtype, this.#dtype, (k) =>
        k === 0 ? this.#code.get(one) : this.#values.pushScalar(result),
      );
      this.#code.set(one);
      return;
    }
    for (let part = 0; part < width; part++) {
      this.#values.vectors(part);
      this.#values.vector.op(op, this.#dtype, this.#dtype, (k) =>
        k === 0 ? this.#code.get(vectors[part]) : this.#values.pushVector(result),
      );
      this.#code.set(vectors[part]);
    }
  }

  /** The results of neighbouring places, each combined in a lane of its own. */
  #combineAlong(width: Width): void {
    const { kept } = this.#kernel;
    const { vectors, one } = this.#totalsMade;
    this.#reset(width);
    this.#reduced(kept, () => this.#gatherIn(width));
    if (width === 'one') {
      this.#put(0, () => this.#code.get(one), 'one');
      return;
    }
    for (let part = 0; part < width; part++) this.#put(part, () => this.#code.get(vectors[part]), width);
  }

  #reduced(loop: number, body: () => void): void {
    if (loop === this.#kernel.loops) body();
    else this.#nested(loop, () => this.#reduced(loop + 1, body));
  }

  /** One result, combined in all lanes and then across them. */
  #combineAcross(): void {
    const { kept, loops, ending } = this.#kernel;
    const { vectors, one } = this.#totalsMade;
    const isVector = this.#along === loops - 1;
    const op = COMBINING[ending] as string;
    this.#reset('one');
    if (isVector) this.#reset(vectors.length);
    const stretch = (loop: number): void => {
      if (loop < loops - 1) this.#nested(loop, () => stretch(loop + 1));
      else this.#stretch(loop, (width) => this.#gatherIn(width));
    };
    stretch(kept);
    if (isVector) {
      for (const vector of vectors.slice(1)) {
        this.#values.vector.op(op, this.#dtype, this.#dtype, (k) => this.#code.get(k === 0 ? vectors[0] : vector));
        this.#code.set(vectors[0]);
      }
      const lane = this.#code.local(scalarType(this.#dtype));
      for (let k = 0; k < this.#lanes; k++) {
        this.#code.get(vectors[0]);
        extractLane(this.#code, this.#dtype, k);
        this.#code.set(lane);
        this.#scalar.op(op, this.#dtype, this.#dtype, (i) => this.#code.get(i === 0 ? one : lane));
        this.#code.set(one);
      }
    }
    this.#put(0, () => this.#code.get(one), 'one');
  }
}

/** The body of the function that runs a kernel, given the address of its arguments. */
export const codeOf = (kernel: Kernel): Uint8Array => new KernelCode(kernel).emit();
