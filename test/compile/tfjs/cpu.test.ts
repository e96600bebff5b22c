/** Primitives on TensorFlow.js' backend in plain JavaScript. */

import { describeConformance } from './conformance.ts';

describeConformance('cpu', { toleranceOf: () => 1e-6 });
