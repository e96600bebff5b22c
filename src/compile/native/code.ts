/** WebAssembly instructions, byte by byte: as much of the format as fused loops need. */

export type ValueType = 'i32' | 'f32' | 'f64' | 'v128';

const TYPE_BYTES: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** Unsigned LEB128. */
export const unsigned = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    bytes.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
};

/** Signed LEB128 of 32 bits. */
const signed = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && !(low & 0x40)) || (rest === -1 && low & 0x40)) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 0x80);
  }
};

const signed64 = (value: bigint): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && !(low & 0x40)) || (rest === -1n && low & 0x40)) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 0x80);
  }
};

const bytesOfFloat = (value: number, type: 'f32' | 'f64'): number[] => {
  const array = type === 'f32' ? Float32Array.of(value) : Float64Array.of(value);
  return [...new Uint8Array(array.buffer)];
};

/** One function: its instructions and its locals after the parameters. */
export class Code {
  readonly #bytes: number[] = [];
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
    this.#bytes.push(0x20, ...unsigned(local));
  }
  set(local: number): void {
    this.#bytes.push(0x21, ...unsigned(local));
  }
  tee(local: number): void {
    this.#bytes.push(0x22, ...unsigned(local));
  }
  op(...bytes: number[]): void {
    this.#bytes.push(...bytes);
  }
  simd(op: number, ...immediates: number[]): void {
    this.#bytes.push(0xfd, ...unsigned(op), ...immediates);
  }
  /** A load or a store; `at` is added to the address. */
  memory(op: number, at = 0): void {
    this.#bytes.push(op, 0, ...unsigned(at));
  }
  simdMemory(op: number, at = 0, ...lane: number[]): void {
    this.#bytes.push(0xfd, ...unsigned(op), 0, ...unsigned(at), ...lane);
  }
  i32(value: number): void {
    this.#bytes.push(0x41, ...signed(value));
  }
  i64(value: bigint): void {
    this.#bytes.push(0x42, ...signed64(value));
  }
  float(value: number, type: 'f32' | 'f64'): void {
    this.#bytes.push(type === 'f32' ? 0x43 : 0x44, ...bytesOfFloat(value, type));
  }
  /** Sixteen bytes, of the array's elements. */
  vector(lanes: Float32Array | Float64Array | Int32Array | BigInt64Array): void {
    this.#bytes.push(0xfd, 12, ...new Uint8Array(lanes.buffer, lanes.byteOffset, 16));
  }

  /** Runs `body` until the block that it is in is left. */
  forever(body: () => void): void {
    this.#bytes.push(0x02, 0x40, 0x03, 0x40);
    body();
    this.#bytes.push(0x0c, 0, 0x0b, 0x0b);
  }
  /** Inside `forever`: leaves it if the number on the stack isn't 0. */
  leaveIf(): void {
    this.#bytes.push(0x0d, 1);
  }
  /** Runs `body` as often as `count` says, at least once; `counter` is of use to nobody else. */
  times(count: number, counter: number, body: () => void): void {
    this.get(count);
    this.set(counter);
    this.#bytes.push(0x03, 0x40);
    body();
    this.get(counter);
    this.i32(1);
    this.#bytes.push(0x6b);
    this.tee(counter);
    this.#bytes.push(0x0d, 0, 0x0b);
  }
  when(body: () => void): void {
    this.#bytes.push(0x04, 0x40);
    body();
    this.#bytes.push(0x0b);
  }

  /** The function as it stands in the code section. */
  finish(): number[] {
    const locals = this.#locals.flatMap((type) => [1, TYPE_BYTES[type]]);
    const body = [...unsigned(this.#locals.length), ...locals];
    return [...unsigned(body.length + this.#bytes.length + 1), ...body, ...this.#bytes, 0x0b];
  }
}
