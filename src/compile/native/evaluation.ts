/** The values inside a kernel: which instructions compute each, and in which local it is kept. */

import type { Kernel, Node } from '../../fusion/kernel.ts';
import { variesAlong } from '../../fusion/vector-loop.ts';
import { bytesPerElement, type Dtype } from '../../ir/aval.ts';
import type { Code, ValueType } from './code.ts';
import type { Cursors } from './cursors.ts';
import { gatherLanes, loadScalar, loadStrided, loadVector } from './memory-code.ts';
import { ScalarOps } from './scalar-ops.ts';
import { VectorOps } from './vector-ops.ts';

const I32_ADD = 0x6a;
const I32_MUL = 0x6c;
const I32_LT_U = 0x49;
const SELECT = 0x1b;
const SIMD_AND = 0x4e;

export const scalarType = (dtype: Dtype): ValueType =>
  dtype === 'float32' ? 'f32' : dtype === 'float64' ? 'f64' : 'i32';

/** The dtype that decides which instructions an operation has. */
const operandDtype = (node: Node & { readonly kind: 'op' }, nodes: readonly Node[]): Dtype =>
  node.op === 'select' ? node.dtype : nodes[node.operands[0]].dtype;

type Gather = Node & { readonly kind: 'gather' };

export class Evaluation {
  readonly #code: Code;
  readonly #kernel: Kernel;
  readonly #cursors: Cursors;
  readonly #scalar: ScalarOps;
  readonly vector: VectorOps;
  /** The loop along which vectors lie. */
  readonly #along: number;
  readonly #scalars = new Map<number, number>();
  readonly #vectors = new Map<number, number>();
  /** Of values that hold while the loops run, or for all vectors of one step. */
  readonly #settled = new Set<number>();
  /** Which nodes change along the vectors' loop. */
  readonly #varies: readonly boolean[];

  constructor(code: Code, kernel: Kernel, cursors: Cursors, along: number, lanes: 2 | 4) {
    this.#code = code;
    this.#kernel = kernel;
    this.#cursors = cursors;
    this.#along = along;
    this.#scalar = new ScalarOps(code);
    this.vector = new VectorOps(code, lanes);
    this.#varies = variesAlong(kernel.nodes, (steps) => along >= 0 && steps[along] !== 0);
  }

  get varying(): number {
    return this.#varies.filter((varies) => varies).length;
  }

  /** Computes, before the loops in `inner`, what doesn't change in them. */
  settle(inner: readonly number[]): void {
    const changes = variesAlong(this.#kernel.nodes, (steps) => inner.some((loop) => steps[loop] !== 0));
    for (const [k, node] of this.#kernel.nodes.entries()) {
      if (changes[k]) continue;
      if (node.kind !== 'constant') this.#computeScalar(k);
      if (this.#along >= 0) this.#splat(k);
      this.#settled.add(k);
    }
  }

  /** Computes all that isn't settled: one element each. */
  scalars(): void {
    for (const k of this.#kernel.nodes.keys()) if (!this.#settled.has(k)) this.#computeScalar(k);
  }

  /** Computes all that isn't settled: a vector each, the `part`th of this step. */
  vectors(part: number): void {
    for (const k of this.#kernel.nodes.keys()) {
      if (this.#settled.has(k)) continue;
      if (this.#varies[k]) this.#computeVector(k, part);
      else if (part === 0) {
        this.#computeScalar(k);
        this.#splat(k);
      }
    }
  }

  pushScalar(k: number): void {
    const node = this.#kernel.nodes[k];
    if (node.kind === 'constant') this.#scalar.constant(node.value, node.dtype);
    else this.#code.get(this.#scalars.get(k) as number);
  }

  pushVector(k: number): void {
    this.#code.get(this.#vectors.get(k) as number);
  }

  #localOf(locals: Map<number, number>, k: number, type: ValueType): number {
    let local = locals.get(k);
    if (local === undefined) {
      local = this.#code.local(type);
      locals.set(k, local);
    }
    return local;
  }

  #keepScalar(k: number): void {
    this.#code.set(this.#localOf(this.#scalars, k, scalarType(this.#kernel.nodes[k].dtype)));
  }

  #keepVector(k: number): void {
    this.#code.set(this.#localOf(this.#vectors, k, 'v128'));
  }

  #splat(k: number): void {
    const node = this.#kernel.nodes[k];
    if (node.kind === 'constant') this.vector.constant(node.value, node.dtype);
    else {
      this.pushScalar(k);
      this.vector.splat(node.dtype);
    }
    this.#keepVector(k);
  }

  #computeScalar(k: number): void {
    const node = this.#kernel.nodes[k];
    const { nodes } = this.#kernel;
    switch (node.kind) {
      case 'constant':
        return;
      case 'load':
        this.#cursors.push(k);
        loadScalar(this.#code, node.dtype);
        break;
      case 'count':
        this.#cursors.push(k);
        break;
      case 'gather':
        this.#gather(k, node, () => this.pushScalar(node.index));
        break;
      case 'op':
        this.#scalar.op(node.op, operandDtype(node, nodes), node.dtype, (i) => this.pushScalar(node.operands[i]));
    }
    this.#keepScalar(k);
  }

  /** Pushes an element that an index names, or 0. */
  #gather(k: number, node: Gather, index: () => void, more = 0): void {
    const code = this.#code;
    this.#address(k, node, index, more);
    loadScalar(code, node.dtype);
    this.#scalar.constant(0, node.dtype);
    index();
    code.i32(node.size);
    code.op(I32_LT_U, SELECT);
  }

  /** Pushes the address of what an index names; out of range, of the first element. */
  #address(k: number, { scale, size, dtype }: Gather, index: () => void, more: number): void {
    const code = this.#code;
    this.#cursors.push(k, more);
    index();
    code.i32(0);
    index();
    code.i32(size);
    code.op(I32_LT_U, SELECT);
    code.i32(scale * bytesPerElement(dtype));
    code.op(I32_MUL, I32_ADD);
  }

  #computeVector(k: number, part: number): void {
    const node = this.#kernel.nodes[k];
    const { nodes } = this.#kernel;
    const { lanes } = this.vector;
    const code = this.#code;
    switch (node.kind) {
      case 'load': {
        const step = node.steps[this.#along];
        const bytes = part * lanes * step * bytesPerElement(node.dtype);
        if (step === 1) {
          this.#cursors.push(k);
          loadVector(code, node.dtype, lanes, bytes);
        } else loadStrided(code, node.dtype, lanes, step, (more) => this.#cursors.push(k, bytes + more));
        break;
      }
      case 'count': {
        const step = node.steps[this.#along];
        this.#cursors.push(k, part * lanes * step);
        code.simd(17);
        code.vector(Int32Array.from([0, 1, 2, 3], (lane) => lane * step));
        code.simd(0xae);
        break;
      }
      case 'gather':
        this.#gatherVector(k, node, part);
        break;
      case 'op':
        this.vector.op(node.op, operandDtype(node, nodes), node.dtype, (i) => this.pushVector(node.operands[i]));
        break;
      case 'constant':
        return;
    }
    this.#keepVector(k);
  }

  #gatherVector(k: number, node: Gather, part: number): void {
    const code = this.#code;
    const { lanes } = this.vector;
    const { dtype, size } = node;
    const bytes = node.steps[this.#along] * bytesPerElement(dtype);
    const shift = part * lanes * bytes;
    if (!this.#varies[node.index]) {
      const index = (): void => this.pushScalar(node.index);
      if (node.steps[this.#along] === 1) {
        this.#address(k, node, index, shift);
        loadVector(code, dtype, lanes);
      } else
        loadStrided(code, dtype, lanes, node.steps[this.#along], (more) => this.#address(k, node, index, shift + more));
      index();
      code.i32(size);
      code.op(I32_LT_U);
      this.vector.splat('bool');
      code.simd(SIMD_AND);
      return;
    }
    gatherLanes(code, dtype, lanes, (lane) => {
      const index = (): void => {
        this.pushVector(node.index);
        code.simd(27, lane);
      };
      this.#gather(k, node, index, shift + lane * bytes);
    });
  }
}
