/** Primitives on TensorFlow.js' WebAssembly backend. */

import { describeConformance } from './conformance.ts';

describeConformance('wasm', { toleranceOf: () => 1e-6 });
