/** Arrays that are made of parts of others along one axis, and those parts. */

import type { PrimitiveParams } from '../ir/params.ts';
import type { Equation } from '../ir/program.ts';

/** Elements first … limit−1 of a result along its axis are those of an operand, `by` further on. */
export interface Part {
  readonly operand: number;
  readonly first: number;
  readonly limit: number;
  readonly by: number;
}

export const isParted = ({ primitive }: Equation): boolean => primitive === 'concat' || primitive === 'roll';

/** The parts of a concat or a roll, one after the other. */
export const partsOf = ({ primitive, inputs, params }: Equation): Part[] => {
  const axis = params.axis as number;
  if (primitive === 'roll') {
    const shift = params.shift as number;
    const length = inputs[0].aval.shape[axis];
    return [
      { operand: 0, first: 0, limit: length - shift, by: shift },
      { operand: 0, first: length - shift, limit: length, by: shift - length },
    ];
  }
  let first = 0;
  return inputs.map(({ aval }, operand) => {
    const part = { operand, first, limit: first + aval.shape[axis], by: -first };
    first = part.limit;
    return part;
  });
};

/** Where along `axis` a slice begins and ends that takes all of the other axes; undefined for anything else. */
export const partAlong = (
  maker: Equation | undefined,
  axis: number,
): readonly [start: number, limit: number] | undefined => {
  if (maker?.primitive !== 'slice') return undefined;
  const { starts, limits, strides } = maker.params as unknown as PrimitiveParams['slice'];
  const { shape } = maker.inputs[0].aval;
  for (let i = 0; i < shape.length; i++) {
    if (strides[i] !== 1 || (i !== axis && limits[i] - starts[i] !== shape[i])) return undefined;
  }
  return [starts[axis], limits[axis]];
};
