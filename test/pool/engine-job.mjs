/** A job of real programs: R = sin(x xᵀ) once per point, then rows of R through a chain of products. */

/** `modules`: newOps and compileProgram of the code under test, which differs between sources and `dist`. */
export const engineJob = (
  { newOps, compileProgram },
  { n = 96, width = 8, depth = 4, dtype = 'float64', engine = 'onnx' } = {},
) => {
  const outer = newOps();
  const x = outer.input({ shape: [n], dtype });
  const products = outer.mul(outer.broadcast(x, [n, n], [0]), outer.broadcast(x, [n, n], [1]));
  const point = outer.build([outer.unary('sin', products)]);

  const ops = newOps();
  const r = ops.input({ shape: [n, n], dtype });
  const seeds = ops.input({ shape: [width], dtype: 'int32' });
  const labels = { lhs: [0, 1], rhs: [1, 2], out: [0, 2] };
  let rows = ops.dot(ops.oneHot(seeds, n, dtype), r, labels);
  for (let k = 0; k < depth; k++) rows = ops.unary('tanh', ops.dot(rows, r, labels));
  const tile = ops.build([rows]);

  const group = {
    artifact: 1,
    sources: [{ from: 'residual', index: 0 }],
    first: 0,
    limit: n,
    width,
    placement: 'row',
    outputs: [{ offset: 0, size: n, batch: 'leading' }],
  };
  const tiles = [];
  for (let start = 0; start < n; start += width) tiles.push({ group: 0, start, count: Math.min(width, n - start) });
  const Data = dtype === 'float64' ? Float64Array : Float32Array;
  return {
    artifacts: [compileProgram(point, engine), compileProgram(tile, engine)],
    point: 0,
    inputs: [{ shape: [n], dtype, data: Data.from({ length: n }, (_, i) => Math.cos(i)) }],
    fixed: { key: 0, values: [] },
    groups: [group],
    tiles,
    dtype,
    rows: n,
    columns: n,
    threads: 1,
  };
};
