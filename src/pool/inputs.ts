/** How the inputs of a job travel to threads: small ones cloned, large ones in memory that all threads share. */

import type { Value } from '../ir/aval.ts';

/** From this size on a copy per thread, twice over while it is cloned, costs more than it is worth. */
const LARGE = 1 << 20;

/** An array that a port clones without what lies around it in its buffer. */
export const compact = <T extends Value['data']>(data: T): T =>
  data.byteLength === data.buffer.byteLength || data.buffer instanceof SharedArrayBuffer ? data : (data.slice() as T);

/** The value as it should be posted; an engine that can't use shared memory copies it in its own thread. */
export const forThreads = (value: Value): Value => {
  const { data } = value;
  if (data.byteLength < LARGE || data.buffer instanceof SharedArrayBuffer) return { ...value, data: compact(data) };
  const Data = data.constructor as new (buffer: SharedArrayBuffer) => Value['data'];
  const shared = new Data(new SharedArrayBuffer(data.byteLength));
  shared.set(data);
  return { ...value, data: shared };
};
