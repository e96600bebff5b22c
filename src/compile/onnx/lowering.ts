/** What a lowering is: a primitive as nodes of an ONNX graph. */

import type { Aval } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { Lowered, Site } from './site.ts';

/** Emits the nodes of an equation. No operand is empty. */
export type Lowering<P> = (site: Site, inputs: readonly Atom[], params: P, output: Aval) => Lowered;
