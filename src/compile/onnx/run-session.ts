/** Runs an ONNX Runtime session on Values, on whichever device it is. */

import ort, { type InferenceSession, type Tensor } from 'onnxruntime-node';
import { DiffopsError } from '../../errors.ts';
import { allocate, sizeOf, type TypedArray, type Value } from '../../ir/aval.ts';
import { requireInputs } from '../../ir/builder.ts';
import type { Executable } from '../executable.ts';
import { unshared } from '../unshared.ts';
import { heldShape } from './graph.ts';
import { inputName } from './lower.ts';
import { NOT_HANDED_OVER } from './model.ts';

type Avals = Pick<Executable, 'inputs' | 'outputs'>;

/** Tensors of values that came before, so that residuals are wrapped once. A value's elements never change. */
export const wrapped = new WeakMap<Value, Tensor>();

const tensorOf = (value: Value): Tensor => {
  const known = wrapped.get(value);
  if (known) return known;
  const made = new ort.Tensor(value.dtype, unshared(value.data) as never, heldShape(value.shape)) as Tensor;
  wrapped.set(value, made);
  return made;
};

/** The engine's error, with the primitive that it names. */
export const failure = (doing: string, thrown: unknown): DiffopsError => {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const node = /[Nn]ame:? ?'([^'#]+)#\d+'/.exec(message)?.[1];
  const at = node === undefined ? '' : ` at ${node}`;
  return new DiffopsError(
    'INTERNAL',
    `ONNX Runtime failed${at} while ${doing}: ${message} Use jit: false to run without it, and report the function.`,
    node === undefined ? {} : { operation: node },
    { cause: thrown },
  );
};

/** Whether the engine stopped where it would have begun to hand over copies of outputs: all is computed then. */
const isHandingOver = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.message.startsWith('Non tensor type');

/** What a session is given, by name. */
export const feedsOf = (
  session: InferenceSession,
  { inputs: avals }: Avals,
  inputs: readonly Value[],
): Record<string, Tensor> => {
  requireInputs(avals.length, inputs.length);
  const feeds: Record<string, Tensor> = {};
  const taken = new Set(session.inputNames);
  for (const [k, value] of inputs.entries()) {
    const name = inputName(k);
    if (taken.has(name)) feeds[name] = tensorOf(value);
  }
  return feeds;
};

/** Outputs by name, over the arrays that they are computed into; and what keeps the engine from copying them. */
const fetchesOf = (
  { outputNames: names, outputMetadata: infos }: InferenceSession,
  { outputs }: Avals,
  arrays: readonly TypedArray[],
): Record<string, Tensor | null> => {
  const fetches: Record<string, Tensor | null> = { [NOT_HANDED_OVER]: null };
  for (const [k, { shape, dtype }] of outputs.entries()) {
    if (sizeOf(shape) === 0) continue;
    // In the model's shape, which may cut the axes differently.
    const { shape: own } = infos[k + 1] as { readonly shape: readonly number[] };
    fetches[names[k + 1]] = new ort.Tensor(dtype, arrays[k] as never, own) as Tensor;
  }
  return fetches;
};

/** Runs a session; outputs are computed into the arrays given, or into new ones. */
export const runSession = async (
  session: InferenceSession,
  avals: Avals,
  inputs: readonly Value[],
  into?: readonly TypedArray[],
  explain = failure,
): Promise<Value[]> => {
  const feeds = feedsOf(session, avals, inputs);
  const arrays = into ?? avals.outputs.map(({ shape, dtype }) => allocate(dtype, sizeOf(shape)));
  await session.run(feeds, fetchesOf(session, avals, arrays)).catch((thrown) => {
    if (!isHandingOver(thrown)) throw explain('running a program', thrown);
  });
  return avals.outputs.map(({ shape, dtype }, k) => ({ shape, dtype, data: arrays[k] }));
};
