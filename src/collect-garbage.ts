/** Has V8 collect garbage now, where much of it was made and memory is short: it would wait until more is allocated. */

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

export const collectGarbage = (): void => {
  if (!collect) {
    // The function is there in contexts that are made while the flag is set.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
  }
  collect();
};

/** V8 collects what is young by itself: less than this isn't worth the while. */
const LEAST = 2 ** 24;

/** To be called now and then by what makes much garbage: collects it whenever the heap has grown by so many bytes. */
export const tidying = (bytes: number): (() => void) => {
  const most = Math.max(LEAST, bytes);
  let before = getHeapStatistics().used_heap_size;
  return () => {
    if (getHeapStatistics().used_heap_size < before + most) return;
    collectGarbage();
    before = getHeapStatistics().used_heap_size;
  };
};
