/** Program → SavedModel: the functions of a program, and the graph around them that is fed, holds and calls. */

import type { Aval, Dtype } from '../../ir/aval.ts';
import type { Atom, Program } from '../../ir/program.ts';
import { piecesOf } from './functions.ts';
import { isEmpty } from './graph.ts';
import type { EndPoint, NodeDef, SavedModel } from './saved-model.ts';
import { fedAs, feedName, HOLD, isHeld, RUN, resultName } from './signatures.ts';

const pointOf = (node: string, aval: Aval): EndPoint => ({ node, ...fedAs(aval) });

const placeholder = ({ node: name, dtype, shape }: EndPoint): NodeDef => ({
  name,
  op: 'Placeholder',
  inputs: [],
  attributes: { dtype: { type: dtype }, shape: { shape } },
});

/** The same bytes as another dtype. */
const bitcast = (name: string, input: string, from: Dtype, to: Dtype): NodeDef =>
  from === to
    ? { name, op: 'Identity', inputs: [input], attributes: { T: { type: from } } }
    : { name, op: 'Bitcast', inputs: [input], attributes: { T: { type: from }, type: { type: to } } };

/** A variable of the session's: assigned what is given, and read by the program. */
const variable = (k: number, given: string, { dtype, shape }: Aval): NodeDef[] => {
  const name = `held${k}`;
  const type = { dtype: { type: dtype } };
  return [
    { name, op: 'VarHandleOp', inputs: [], attributes: { ...type, shape: { shape }, shared_name: name } },
    { name: `hold${k}`, op: 'AssignVariableOp', inputs: [name, given], attributes: type },
    { name: `read${k}`, op: 'ReadVariableOp', inputs: [name], attributes: type },
  ];
};

/** `jit`: whether XLA compiles it; else TensorFlow runs its operations one by one. */
export const lowerForTensorflow = (program: Program, jit: boolean): SavedModel => {
  const { pieces, functions, outputs } = piecesOf(program, jit);
  const nodes: NodeDef[] = [];
  const run: { inputs: EndPoint[]; outputs: EndPoint[] } = { inputs: [], outputs: [] };
  const hold: { inputs: EndPoint[]; outputs: EndPoint[] } = { inputs: [], outputs: [] };
  /** What the graph calls the values that pieces take and give. */
  const names = new Map<Atom, string>();
  const taken = new Set<Atom>(pieces.flatMap(({ args }) => args));
  for (const [k, v] of program.inputs.entries()) {
    if (!taken.has(v)) continue;
    const feed = pointOf(feedName(k), v.aval);
    const name = `input${k}`;
    nodes.push(placeholder(feed), bitcast(name, feed.node, feed.dtype, v.aval.dtype));
    const held = isHeld(v.aval);
    if (held) nodes.push(...variable(k, name, v.aval));
    names.set(v, held ? `read${k}` : name);
    (held ? hold : run).inputs.push(feed);
  }
  for (const [i, { body, args, results }] of pieces.entries()) {
    const name = `piece${i}`;
    nodes.push({
      name,
      op: 'PartitionedCall',
      inputs: args.map((v) => names.get(v) as string),
      attributes: {
        Tin: { types: args.map(({ aval }) => aval.dtype) },
        Tout: { types: results.map(({ aval }) => aval.dtype) },
        f: { func: body.name },
        ...body.attributes,
      },
    });
    for (const [k, a] of results.entries()) names.set(a, `${name}:${k}`);
  }
  for (const [k, a] of outputs.entries()) {
    if (isEmpty(a.aval.shape)) continue;
    const point = pointOf(resultName(k), a.aval);
    nodes.push(bitcast(point.node, names.get(a) as string, a.aval.dtype, point.dtype));
    run.outputs.push(point);
  }
  const content = new Uint8Array(4);
  const nothing = { tensor: { dtype: 'int32', dims: [], content } } as const;
  const assigned = hold.inputs.map(({ node }) => `^hold${node.slice(feedName(0).length - 1)}`);
  nodes.push(
    { name: 'nothing', op: 'Const', inputs: [], attributes: { dtype: { type: 'int32' }, value: nothing } },
    { name: HOLD, op: 'Identity', inputs: ['nothing', ...assigned], attributes: { T: { type: 'int32' } } },
  );
  hold.outputs.push({ node: HOLD, dtype: 'int32', shape: [] });
  return { nodes, functions, signatures: { [RUN]: run, [HOLD]: hold } };
};
