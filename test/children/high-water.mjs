/** The process' resident memory, as Linux tells it. */

import { readFileSync, writeFileSync } from 'node:fs';

const statusBytes = (field) =>
  1024 * Number(new RegExp(`^${field}:\\s*(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1]);

/** Resident bytes now, from where the high-water mark begins anew. */
export const resetPeak = () => {
  writeFileSync('/proc/self/clear_refs', '5');
  return statusBytes('VmRSS');
};

/** The most resident bytes since the mark began anew. */
export const peakBytes = () => statusBytes('VmHWM');
