/** Each transformation's output, printed, checked by the program checker, and measured against differences. */

import { describe, expect, test } from 'vitest';
import { checkProgram } from '../../src/interpret/check.ts';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import { printProgram } from '../../src/ir/printer.ts';
import { deserialize, hashOf, serialize } from '../../src/ir/serial.ts';
import { batchedAt } from '../../src/primitives/batching.ts';
import { newOps } from '../../src/primitives/table.ts';
import { grad } from '../../src/transforms/grad.ts';
import { jvp } from '../../src/transforms/jvp.ts';
import { linearize } from '../../src/transforms/linearize.ts';
import { reverseOf, vjp } from '../../src/transforms/pushforward.ts';
import { replay } from '../../src/transforms/replay.ts';
import { vmapInto } from '../../src/transforms/vmap.ts';
import { chain, network, valuesFor } from '../plan/programs.ts';
import { finiteDifferences, maxDifference } from '../plan/run-planned.ts';

/** sin(x) · x, summed. */
const small = () => {
  const ops = newOps();
  const x = ops.input({ shape: [3], dtype: 'float64' });
  return ops.build([ops.sum(ops.mul(ops.unary('sin', x), x), [0])]);
};

const shown = (program: ReturnType<typeof small>): string => {
  checkProgram(program);
  return `\n${printProgram(program)}\n`;
};

test('jvp', () => {
  expect(shown(jvp(small(), [true]))).toMatchInlineSnapshot(`
    "
    { a:f64[3] b:f64[3] ->
      c:f64[3] = sin a
      d:f64[3] = cos a
      e:f64[3] = mul b d
      f:f64[3] = mul c a
      g:f64[3] = mul e a
      h:f64[3] = mul b c
      i:f64[3] = add g h
      j:f64[] = reduce_sum f axes=[0]
      k:f64[] = reduce_sum i axes=[0]
      out j k }
    "
  `);
});

test('linearize: what depends on no tangent is computed once per point', () => {
  const { point, rest } = linearize(small(), [true]);
  expect(shown(point)).toMatchInlineSnapshot(`
    "
    { a:f64[3] ->
      b:f64[3] = sin a
      c:f64[3] = cos a
      d:f64[3] = mul c a
      e:f64[3] = add d b
      out e }
    "
  `);
  expect(shown(rest)).toMatchInlineSnapshot(`
    "
    { a:f64[3] b:f64[3] ->
      c:f64[3] = mul b a
      d:f64[] = reduce_sum c axes=[0]
      out d }
    "
  `);
});

test('transpose', () => {
  expect(shown(reverseOf(small(), [true], 0).rest)).toMatchInlineSnapshot(`
    "
    { a:f64[3] b:f64[] ->
      c:f64[3] = broadcast b shape=[3] axes=[]
      d:f64[3] = mul c a
      out d }
    "
  `);
});

test('grad', () => {
  expect(shown(grad(small(), [true], 0))).toMatchInlineSnapshot(`
    "
    { a:f64[3] ->
      b:f64[3] = sin a
      c:f64[3] = mul b a
      d:f64[] = reduce_sum c axes=[0]
      e:f64[3] = cos a
      f:f64[3] = mul e a
      g:f64[3] = add f b
      out d g }
    "
  `);
});

test('grad with checkpoints computes a segment again in a region of its own', () => {
  expect(shown(grad(chain(4, 2), [true, false], 1))).toMatchInlineSnapshot(`
    "
    { a:f64[2] b:f64[2,2] ->
      c:f64[2] = dot a b lhs=[0] rhs=[0,1] out=[1]  # region 1
      d:f64[2] = sin c  # region 1
      e:f64[2] = dot d b lhs=[0] rhs=[0,1] out=[1]  # region 1
      f:f64[2] = sin e  # region 1
      g:f64[2] = dot f b lhs=[0] rhs=[0,1] out=[1]  # region 1
      h:f64[2] = sin g  # region 3
      i:f64[2] = dot h b lhs=[0] rhs=[0,1] out=[1]  # region 3
      j:f64[2] = sin i  # region 3
      k:f64[] = reduce_sum j axes=[0]  # region 3
      l:f64[2] = cos g  # region 3
      m:f64[2] = cos i  # region 3
      n:f64[2] = dot m b lhs=[0] rhs=[1,0] out=[1]  # region 3
      o:f64[2] = mul n l  # region 3
      p:f64[2] = dot a b lhs=[0] rhs=[0,1] out=[1]  # region 2
      q:f64[2] = sin p  # region 2
      r:f64[2] = dot q b lhs=[0] rhs=[0,1] out=[1]  # region 2
      s:f64[2] = cos p  # region 2
      t:f64[2] = cos r  # region 2
      u:f64[2] = dot o b lhs=[0] rhs=[1,0] out=[1]  # region 2
      v:f64[2] = mul u t  # region 2
      w:f64[2] = dot v b lhs=[0] rhs=[1,0] out=[1]  # region 2
      x:f64[2] = mul w s  # region 2
      y:f64[2] = dot x b lhs=[0] rhs=[1,0] out=[1]  # region 2
      out k y }
    "
  `);
});

test('vmap', () => {
  const ops = newOps();
  const x = ops.input({ shape: [5, 3], dtype: 'float64' });
  const [result] = vmapInto(ops, small(), [{ value: x, axis: 0 }], 5);
  expect(shown(ops.build([batchedAt(ops, result, 5, 0)]))).toMatchInlineSnapshot(`
    "
    { a:f64[5,3] ->
      b:f64[5,3] = sin a
      c:f64[5,3] = mul b a
      d:f64[5] = reduce_sum c axes=[1]
      out d }
    "
  `);
});

describe('derivatives of derivatives', () => {
  const { scalar } = network();
  const active = [true, true, true];
  const inputs = valuesFor(scalar);
  const vector = (program: typeof scalar, from: number) => (values: Parameters<typeof evaluateProgram>[1]) =>
    Float64Array.from(
      evaluateProgram(program, values)
        .slice(from)
        .flatMap((v) => [...v.data]),
    );

  test('grad = differences of the function', () => {
    const differences = finiteDifferences(vector(scalar, 0), inputs, 3);
    expect(maxDifference(vector(grad(scalar, active, 0), 1)(inputs), differences)).toBeLessThan(1e-9);
    expect(maxDifference(vector(grad(scalar, active, 1), 1)(inputs), differences)).toBeLessThan(1e-9);
  });

  test('third order: the gradient of a component of a gradient of a gradient', () => {
    // The sum over one leaf's gradient is scalar again.
    const componentOf = (program: typeof scalar, output: number) => {
      const ops = newOps();
      const gradients = replay(
        ops,
        grad(program, active, 0),
        program.inputs.map((v) => ops.input(v.aval)),
      );
      const axes = gradients[output].aval.shape.map((_, i) => i);
      return ops.build([ops.sum(gradients[output], axes)]);
    };
    const second = componentOf(componentOf(scalar, 1), 2);
    const third = vector(grad(second, active, 0), 1)(inputs);
    expect(maxDifference(third, finiteDifferences(vector(second, 0), inputs, 3))).toBeLessThan(1e-7);
  });

  test('vjp and jvp agree: ⟨Jv, u⟩ = ⟨v, Jᵀu⟩', () => {
    const { vector: program } = network();
    const v = inputs.map((value) => ({ ...value, data: value.data.map((d) => Math.cos(3 * d)) }));
    const push = evaluateProgram(jvp(program, active), [...inputs, ...v]).slice(2);
    const u = push.map((value) => ({ ...value, data: value.data.map((_, i) => 0.3 + i) }));
    const dot = (a: typeof push, b: typeof push): number =>
      a.reduce((sum, x, k) => sum + [...x.data].reduce((s, d, i) => s + d * b[k].data[i], 0), 0);
    for (const recomputed of [0, 0.5, 1]) {
      const pull = evaluateProgram(vjp(program, active, recomputed), [...inputs, ...u]).slice(2);
      expect(dot(push, u)).toBeCloseTo(dot(v, pull), 12);
    }
  });
});

test('the serial form gives the same program, and equal programs have equal hashes', () => {
  const program = grad(chain(4, 2), [true, false], 1);
  const again = deserialize(JSON.parse(JSON.stringify(serialize(program))));
  expect(printProgram(again)).toBe(printProgram(program));
  expect(hashOf(again)).toBe(hashOf(program));
  const ops = newOps();
  const inputs = program.inputs.map((v) => ops.input(v.aval, v.scope));
  expect(hashOf(ops.build(replay(ops, program, inputs)))).toBe(hashOf(program));
  expect(hashOf(grad(chain(5, 2), [true, false], 1))).not.toBe(hashOf(program));
});
