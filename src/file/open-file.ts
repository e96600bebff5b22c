/** Makes and opens files of either format. */

import { malformed } from '../ir/builder.ts';
import type { StripedMatrix } from '../stitch/strip.ts';
import { createNpy, npyOffset, openNpy } from './npy-file.ts';
import type { Layout, Opening, StripFile } from './strip-file.ts';

export type Format = Layout['format'];

/** How a matrix will lie in its file; strips are to have at most so many bytes. */
export const layoutOf = (matrix: StripedMatrix, format: Format, _most: number): Layout => {
  if (format === 'npy') return { format, offset: npyOffset(matrix) };
  throw malformed('zarr');
};

/** Of how many seeds strips must be a multiple, so that no chunk is written by two. */
export const multipleOf = (layout: Layout, { placement }: StripedMatrix): number | undefined => {
  if (layout.format === 'npy') return undefined;
  const [rows, columns] = layout.chunks;
  return placement === 'column' ? columns : rows;
};

/** Makes an empty file; throws where there is one already. */
export const createFile = async (opening: Opening, layout: Layout): Promise<void> => {
  if (layout.format === 'npy') createNpy(opening);
};

/** Opens a file that was made, to write strips and read them. */
export const openFile = async (opening: Opening, layout: Layout): Promise<StripFile> => {
  if (layout.format === 'npy') return openNpy(opening, layout.offset);
  throw malformed('zarr');
};
