/** WebAssembly instructions, byte by byte: as much of the format as fused loops need. */

import { Bytes } from './bytes.ts';

export type ValueType = 'i32' | 'f32' | 'f64' | 'v128';

const TYPE_BYTES: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** A float's bytes, or a vector's. */
const WORDS = new DataView(new ArrayBuffer(8));

/** One function: its instructions and its locals after the parameters. */
export class Code {
  readonly #bytes = new Bytes();
  readonly #locals: ValueType[] = [];
  readonly #parameters: number;

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  local(type: ValueType): number {
    this.#locals.push(type);
    return this.#parameters + this.#locals.length - 1;
  }
  get(local: number): void {
    this.#bytes.byte(0x20);
    this.#bytes.unsigned(local);
  }
  set(local: number): void {
    this.#bytes.byte(0x21);
    this.#bytes.unsigned(local);
  }
  tee(local: number): void {
    this.#bytes.byte(0x22);
    this.#bytes.unsigned(local);
  }
  op(first: number, second?: number): void {
    this.#bytes.byte(first);
    if (second !== undefined) this.#bytes.byte(second);
  }
  call(number: number): void {
    this.#bytes.byte(0x10);
    this.#bytes.unsigned(number);
  }
  /** Calls, through the table, a function of the first type with what is on the stack. */
  callIndirect(): void {
    this.#bytes.append([0x11, 0, 0]);
  }
  simd(op: number, lane?: number): void {
    this.#bytes.byte(0xfd);
    this.#bytes.unsigned(op);
    if (lane !== undefined) this.#bytes.byte(lane);
  }
  /** Sixteen bytes of the two vectors on the stack, by number. */
  shuffle(picked: readonly number[]): void {
    this.simd(13);
    this.#bytes.append(picked);
  }
  /** A load or a store; `at` is added to the address. */
  memory(op: number, at = 0): void {
    this.#bytes.byte(op);
    this.#bytes.byte(0);
    this.#bytes.unsigned(at);
  }
  simdMemory(op: number, at = 0, lane?: number): void {
    this.simd(op, 0);
    this.#bytes.unsigned(at);
    if (lane !== undefined) this.#bytes.byte(lane);
  }
  i32(value: number): void {
    this.#bytes.byte(0x41);
    this.#bytes.signed(value);
  }
  i64(value: bigint): void {
    this.#bytes.byte(0x42);
    this.#bytes.signed64(value);
  }
  float(value: number, type: 'f32' | 'f64'): void {
    this.#bytes.byte(type === 'f32' ? 0x43 : 0x44);
    if (type === 'f32') WORDS.setFloat32(0, value, true);
    else WORDS.setFloat64(0, value, true);
    for (let k = 0; k < (type === 'f32' ? 4 : 8); k++) this.#bytes.byte(WORDS.getUint8(k));
  }
  /** Sixteen bytes, of the array's elements. */
  vector(lanes: Float32Array | Float64Array | Int32Array | BigInt64Array): void {
    this.simd(12);
    this.#bytes.append(new Uint8Array(lanes.buffer, lanes.byteOffset, 16));
  }

  /** Runs `body` until the block that it is in is left. */
  forever(body: () => void): void {
    this.#bytes.append([0x02, 0x40, 0x03, 0x40]);
    body();
    this.#bytes.append([0x0c, 0, 0x0b, 0x0b]);
  }
  /** Inside `forever`: leaves it if the number on the stack isn't 0. */
  leaveIf(): void {
    this.op(0x0d, 1);
  }
  /** Runs `body` as often as `count` says, at least once; `counter` is of use to nobody else. */
  times(count: number, counter: number, body: () => void): void {
    this.get(count);
    this.set(counter);
    this.op(0x03, 0x40);
    body();
    this.get(counter);
    this.i32(1);
    this.op(0x6b);
    this.tee(counter);
    this.op(0x0d, 0);
    this.op(0x0b);
  }
  when(body: () => void): void {
    this.op(0x04, 0x40);
    body();
    this.op(0x0b);
  }

  /** The function as it stands in the code section. */
  finish(): Uint8Array {
    const head = new Bytes();
    head.unsigned(this.#locals.length);
    for (const type of this.#locals) {
      head.byte(1);
      head.byte(TYPE_BYTES[type]);
    }
    const whole = new Bytes();
    whole.unsigned(head.length + this.#bytes.length + 1);
    whole.append(head.view);
    whole.append(this.#bytes.view);
    whole.byte(0x0b);
    return whole.view;
  }
}
