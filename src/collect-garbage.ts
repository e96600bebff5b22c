/** Has V8 collect garbage now, where much of it was made and memory is short: it would wait until more is allocated. */

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Gc = () => void;

/** A process that was started with --expose-gc has it anyway. */
let collect = (globalThis as { gc?: Gc }).gc;
/** Another thread that is at it too may take the flag back, which is the process', before this one has used it. */
const ATTEMPTS = 100;

export const collectGarbage = (): void => {
  for (let attempt = 0; !collect && attempt < ATTEMPTS; attempt++) {
    // The function is there in contexts that are made while the flag is set.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('globalThis.gc') as Gc | undefined;
    setFlagsFromString('--no-expose-gc');
  }
  collect?.();
};

/** To be called now and then by what makes much garbage: collects it whenever the heap has grown by so many bytes. */
export const tidying = (bytes: number): (() => void) => {
  let before = getHeapStatistics().used_heap_size;
  return () => {
    if (getHeapStatistics().used_heap_size < before + bytes) return;
    collectGarbage();
    before = getHeapStatistics().used_heap_size;
  };
};
