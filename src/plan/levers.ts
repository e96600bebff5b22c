/** The levers of the plan: everything that makes it fast and could be left out, each with its off. */

/** All on by default. No part of the public API: tests turn levers off to compare, benchmarks to show what each gives. */
export interface Levers {
  /** Which leaves share a tile program. `one`: all of them, so that every tangent is active in every column. */
  readonly groups: 'by size' | 'one' | 'each leaf';
  /** Whether a symmetric matrix's groups compute only the rows that earlier groups didn't give. */
  readonly trimming: boolean;
  /** Whether a wide leaf is cut into groups of its own, each with fewer rows than the one before. */
  readonly splitting: 'by size' | 'never' | 'always';
  /** Whether seeds stay what they are, unit vectors given by their index; else they are dense arrays. */
  readonly structuredSeeds: boolean;
  /** Whether contraction keeps unit vectors through cuts, and gives outputs that are zero off some bands as these bands. */
  readonly bands: boolean;
  /** Whether neighbouring diagonal maps become one, known at the point. */
  readonly merging: boolean;
  /** Whether programs are folded as they are built. */
  readonly folding: boolean;
  /** Whether equal equations become one as programs are built. */
  readonly sharing: boolean;
  /** Whether a tile program keeps sums of products and multiplies them out in the cheapest order. */
  readonly contraction: 'by price' | 'never' | 'always';
  /** Whether contraction makes products of constants once per point; else in every tile. */
  readonly pointProducts: boolean;
  /** Where the batch axis starts in programs that aren't contracted. */
  readonly batchAxis: 'by price' | 'leading' | 'trailing';
  /** Whether tiles are as wide as the cache bears and workers can share; else as wide as the block. */
  readonly fittingWidth: boolean;
  /** Whether what depends on no seed is computed once per point and kept; else in every tile. */
  readonly residuals: boolean;
  /** Whether programs are run as fused loops where that takes less time; else all on ONNX Runtime. */
  readonly native: boolean;
}

export const ALL_ON: Levers = {
  groups: 'by size',
  trimming: true,
  splitting: 'by size',
  structuredSeeds: true,
  bands: true,
  merging: true,
  folding: true,
  sharing: true,
  contraction: 'by price',
  pointProducts: true,
  batchAxis: 'by price',
  fittingWidth: true,
  residuals: true,
  native: true,
};

/** Each lever's way to be off. */
export const ALL_OFF: Levers = {
  groups: 'one',
  trimming: false,
  splitting: 'never',
  structuredSeeds: false,
  bands: false,
  merging: false,
  folding: false,
  sharing: false,
  contraction: 'never',
  pointProducts: false,
  batchAxis: 'leading',
  fittingWidth: false,
  residuals: false,
  native: false,
};
