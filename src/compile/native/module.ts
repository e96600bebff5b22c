/** A WebAssembly module of functions over one imported memory, and the loop that runs a list of calls. */

import { Code, unsigned } from './code.ts';

const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];

const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];

const name = (text: string): number[] => [...unsigned(text.length), ...Buffer.from(text, 'latin1')];

const I32 = 0x7f;
const FUNCTION = 0x60;
const FUNCREF = 0x70;

/** A call in memory: which function, how many bytes the call takes, and then what the function is given. */
export const CALL_HEADER_BYTES = 8;

/** run(first, end): makes the calls that stand in memory from `first` on, each given the address behind its header. */
const runner = (): number[] => {
  const code = new Code(2);
  const [first, end] = [0, 1];
  code.forever(() => {
    code.get(first);
    code.get(end);
    code.op(0x4f);
    code.leaveIf();
    code.get(first);
    code.i32(CALL_HEADER_BYTES);
    code.op(0x6a);
    code.get(first);
    code.memory(0x28);
    code.op(0x11, 0, 0);
    code.get(first);
    code.get(first);
    code.memory(0x28, 4);
    code.op(0x6a);
    code.set(first);
  });
  return code.finish();
};

/** Functions take the address of what they are given. Imports `memory.memory`, exports `run`. */
export const moduleOf = (functions: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> => {
  const count = functions.length;
  const types = vector([
    [FUNCTION, 1, I32, 0],
    [FUNCTION, 2, I32, I32, 0],
  ]);
  const imports = vector([[...name('memory'), ...name('memory'), 2, 0, 0]]);
  const declared = vector([...functions.map(() => [0]), [1]]);
  const table = vector([[FUNCREF, 0, ...unsigned(count)]]);
  const exports = vector([[...name('run'), 0, ...unsigned(count)]]);
  const elements = vector([[0, 0x41, 0, 0x0b, ...vector(functions.map((_, k) => unsigned(k)))]]);
  const code: number[] = [...unsigned(count + 1)];
  for (const bytes of [...functions, runner()]) for (const byte of bytes) code.push(byte);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(2, imports),
    ...section(3, declared),
    ...section(4, table),
    ...section(7, exports),
    ...section(9, elements),
    ...section(10, code),
  ]);
};
