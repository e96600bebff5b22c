/** How the matrix of a plan is divided where it goes to a file: how it lies there, and which strips are held in turn. */

import { bytesPerElement, type FloatDtype } from '../ir/aval.ts';
import type { Group } from '../pool/job.ts';
import { partOf, type Strip, type StripedMatrix } from '../stitch/strip.ts';
import { cutStrips } from './cut.ts';
import { type Format, layoutOf, multipleOf } from './open-file.ts';
import type { Layout } from './strip-file.ts';

/** What is divided. */
export interface Divided {
  readonly groups: readonly Pick<Group, 'first' | 'limit' | 'width' | 'placement'>[];
  readonly rows: number;
  readonly columns: number;
  readonly dtype: FloatDtype;
}

export interface Division {
  readonly matrix: StripedMatrix;
  readonly layout: Layout;
  readonly strips: readonly Strip[];
}

/** Bytes of a strip, unless a tile takes more; and their share of the memory limit: two are held, and tiles beside them. */
const MOST_BYTES = 2 ** 27;
const SHARE = 8;

export const divisionOf = ({ groups, rows, columns, dtype }: Divided, format: Format, limit: number): Division => {
  const matrix: StripedMatrix = { placement: groups[0]?.placement ?? 'column', rows, columns, dtype };
  const line = bytesPerElement(dtype) * (matrix.placement === 'row' ? columns : rows);
  const tile = groups.reduce((widest, { width }) => Math.max(widest, width * line), 0);
  const most = Math.min(Math.max(MOST_BYTES, tile), Math.floor(limit / SHARE));
  const layout = layoutOf(matrix, format, most);
  return { matrix, layout, strips: cutStrips(matrix, groups, most, multipleOf(layout, matrix)) };
};

/** Bytes of the two memories that strips take turns in: each is as large as the largest strip in it. */
export const turnBytes = (matrix: StripedMatrix, strips: readonly Strip[]): [number, number] => {
  const bytes: [number, number] = [0, 0];
  for (const [k, strip] of strips.entries()) {
    const { rows, columns } = partOf(matrix, strip);
    bytes[k % 2] = Math.max(bytes[k % 2], rows * columns * bytesPerElement(matrix.dtype));
  }
  return bytes;
};

/** What the thread that writes takes, on its own. */
const WRITER = 10 * 2 ** 20;

/** Bytes that these strips take at once, with the thread that writes them. */
export const heldBytes = (matrix: StripedMatrix, strips: readonly Strip[]): number => {
  const [even, odd] = turnBytes(matrix, strips);
  return even + odd + WRITER;
};

/** The same of a plan, for a file that is made anew. */
export const fileBytes = (divided: Divided, format: Format, limit: number): number => {
  const { matrix, strips } = divisionOf(divided, format, limit);
  return heldBytes(matrix, strips);
};
