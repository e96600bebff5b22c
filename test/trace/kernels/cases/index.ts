/** All cases of all kernels. */

import type { Case } from '../case.ts';
import { binaryCases, powerCases } from './binary.ts';
import { complexCases } from './complex.ts';
import { contractionCases, normalizationCases } from './contraction.ts';
import { activationCases, unaryCases } from './elementwise.ts';
import { colourCases, cropCases, resizeCases, rotationCases, transformCases } from './image.ts';
import { dilationCases, otherDilationCases } from './morphology.ts';
import { indexingCases, paddingCases, shapeCases, slicingCases } from './movement.ts';
import { cumulativeCases, lossCases, reductionCases } from './reductions.ts';
import { segmentCases, sortingCases } from './sorting.ts';
import { convolutionCases, depthwiseCases, otherConvolutionCases, otherPoolingCases, poolingCases } from './spatial.ts';
import { moreSpatialCases, volumeCases, volumePoolingCases } from './volume.ts';

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
  ...complexCases,
  ...convolutionCases,
  ...depthwiseCases,
  ...otherConvolutionCases,
  ...poolingCases,
  ...otherPoolingCases,
  ...resizeCases,
  ...cropCases,
  ...rotationCases,
  ...transformCases,
  ...colourCases,
  ...dilationCases,
  ...otherDilationCases,
  ...volumeCases,
  ...volumePoolingCases,
  ...moreSpatialCases,
];
