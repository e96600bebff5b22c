/** Makes and opens files of either format. Zarr's code is loaded when it is needed. */

import type { StripedMatrix } from '../stitch/strip.ts';
import { chunksFor } from './chunks.ts';
import { createNpy, npyOffset, openNpy } from './npy-file.ts';
import type { Layout, Opening, StripFile } from './strip-file.ts';

export type Format = Layout['format'];

/** How a matrix will lie in its file; strips are to have at most `most` bytes. */
export const layoutOf = (matrix: StripedMatrix, format: Format, most: number): Layout =>
  format === 'npy' ? { format, offset: npyOffset(matrix) } : { format, chunks: chunksFor(matrix, most) };

/** Of how many seeds strips must be a multiple, so that no chunk is written by two. */
export const multipleOf = (layout: Layout, { placement }: StripedMatrix): number | undefined => {
  if (layout.format === 'npy') return undefined;
  const [rows, columns] = layout.chunks;
  return placement === 'column' ? columns : rows;
};

/** Makes an empty file; throws where there is one already. */
export const createFile = async (opening: Opening, layout: Layout): Promise<void> => {
  if (layout.format === 'npy') createNpy(opening);
  else await (await import('./zarr-file.ts')).createZarr(opening, layout.chunks);
};

/** Opens a file that was made, to write strips and read them. */
export const openFile = async (opening: Opening, layout: Layout): Promise<StripFile> =>
  layout.format === 'npy'
    ? openNpy(opening, layout.offset)
    : (await import('./zarr-file.ts')).openZarr(opening, layout.chunks);
