/** Asks for a device where it can't be had, and goes on without. */

const [entry, device] = process.argv.slice(2);
const tf = await import('@tensorflow/tfjs');
const { devices, hessian } = await import(entry);
const f = (x) => tf.sum(tf.square(x));
const { code, message } = await hessian(f, tf.tensor1d([1]), { device }).catch((error) => error);
const listed = (await devices()).find(({ name }) => name === device);
const after = (await hessian(f, tf.tensor1d([1]))).H.toArray();
console.log(JSON.stringify({ code, message, listed, after }));
