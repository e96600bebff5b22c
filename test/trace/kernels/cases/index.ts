/** All cases of all kernels. */

import type { Case } from '../case.ts';
import { binaryCases, powerCases } from './binary.ts';
import { contractionCases, normalizationCases } from './contraction.ts';
import { activationCases, unaryCases } from './elementwise.ts';
import { indexingCases, paddingCases, shapeCases, slicingCases } from './movement.ts';
import { cumulativeCases, lossCases, reductionCases } from './reductions.ts';
import { segmentCases, sortingCases } from './sorting.ts';
import { convolutionCases, depthwiseCases, otherConvolutionCases, otherPoolingCases, poolingCases } from './spatial.ts';

export const cases: readonly Case[] = [
  ...unaryCases,
  ...activationCases,
  ...binaryCases,
  ...powerCases,
  ...reductionCases,
  ...cumulativeCases,
  ...lossCases,
  ...shapeCases,
  ...slicingCases,
  ...paddingCases,
  ...indexingCases,
  ...sortingCases,
  ...segmentCases,
  ...contractionCases,
  ...normalizationCases,
  ...convolutionCases,
  ...depthwiseCases,
  ...otherConvolutionCases,
  ...poolingCases,
  ...otherPoolingCases,
];
