/** A WebAssembly module of functions over one imported memory, and the loop that runs a list of calls. */

import { MOST_PAGES } from '../../fusion/web-assembly.ts';
import { Bytes } from './bytes.ts';
import { Code } from './code.ts';
import { IMPORTED } from './far-code.ts';

const I32 = 0x7f;
const F64 = 0x7c;
const FUNCTION = 0x60;
const FUNCREF = 0x70;

/** A call in memory: which function, how many bytes the call takes, and then what the function is given. */
export const CALL_HEADER_BYTES = 8;

/** run(first, end): makes the calls that stand in memory from `first` on, each given the address behind its header. */
const runner = (): Uint8Array => {
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
    code.callIndirect();
    code.get(first);
    code.get(first);
    code.memory(0x28, 4);
    code.op(0x6a);
    code.set(first);
  });
  return code.finish();
};

const written = (write: (bytes: Bytes) => void): Bytes => {
  const bytes = new Bytes();
  write(bytes);
  return bytes;
};

const name = (bytes: Bytes, text: string): void => {
  bytes.unsigned(text.length);
  bytes.append(Buffer.from(text, 'latin1'));
};

/** Functions take the address of what they are given. Imports `memory.memory` and `math`, exports `run`. */
export const moduleOf = (functions: readonly Uint8Array[]): Uint8Array => {
  const count = functions.length;
  const module = new Bytes();
  const section = (id: number, write: (bytes: Bytes) => void): void => {
    const content = written(write);
    module.byte(id);
    module.unsigned(content.length);
    module.append(content.view);
  };
  module.append([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  section(1, (types) => types.append([3, FUNCTION, 1, I32, 0, FUNCTION, 2, I32, I32, 0, FUNCTION, 1, F64, 1, F64]));
  section(2, (imports) => {
    imports.byte(1 + IMPORTED.length);
    name(imports, 'memory');
    name(imports, 'memory');
    // Shared, with a least and a greatest size in pages.
    imports.append([2, 3, 0]);
    imports.unsigned(MOST_PAGES);
    for (const imported of IMPORTED) {
      name(imports, 'math');
      name(imports, imported);
      imports.append([0, 2]);
    }
  });
  section(3, (declared) => {
    declared.unsigned(count + 1);
    for (let k = 0; k < count; k++) declared.byte(0);
    declared.byte(1);
  });
  section(4, (tables) => {
    tables.append([1, FUNCREF, 0]);
    tables.unsigned(count);
  });
  section(7, (exports) => {
    exports.byte(1);
    name(exports, 'run');
    exports.byte(0);
    exports.unsigned(IMPORTED.length + count);
  });
  section(9, (elements) => {
    elements.append([1, 0, 0x41, 0, 0x0b]);
    elements.unsigned(count);
    for (let k = 0; k < count; k++) elements.unsigned(IMPORTED.length + k);
  });
  section(10, (code) => {
    code.unsigned(count + 1);
    for (const body of functions) code.append(body);
    code.append(runner());
  });
  return module.view.slice();
};
