/** A user's script: one call, and nothing else; it must end by itself. Its arguments are the built entry and options. */

const [entry, options] = process.argv.slice(2);
const tf = await import('@tensorflow/tfjs');
const { hessian } = await import(entry);
const x = Float64Array.from({ length: 40 }, (_, i) => i / 10);
const f = (v) => tf.sum(tf.pow(tf.sin(v), 3));
const { H, report } = await hessian(f, x, JSON.parse(options));
console.log(JSON.stringify({ workers: report.workers, corner: H.get(0, 0), shape: H.shape }));
