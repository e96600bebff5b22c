/** What contraction is told of a tile's seeds. */

export interface SeedRequest {
  /** How many inputs of the linear program are known; the others are seeded leaves. */
  readonly knownCount: number;
  /** Columns in a tile. */
  readonly width: number;
  /** What seed index 0 stands for: the element of the first seeded leaf. */
  readonly shift: number;
  /** Whether later steps may see that seeds are unit vectors; false is for tests that compare. */
  readonly structured: boolean;
  /** Whether they are followed through slices, pads and joins, and outputs given in pieces. */
  readonly bands: boolean;
}
