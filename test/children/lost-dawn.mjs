/** Loses the context of TensorFlow.js' WebGPU again and again, and collects garbage meanwhile: `node --expose-gc lost-dawn.mjs <dist/src>`. */

const [library] = process.argv.slice(2);
const { compileProgram } = await import(`${library}/compile/compile.js`);
const { loadArtifact } = await import(`${library}/compile/load.js`);
const { backendOf } = await import(`${library}/compile/tfjs/backend.js`);
const { newOps } = await import(`${library}/primitives/table.js`);

const ops = newOps();
const x = ops.input({ shape: [3], dtype: 'float32' });
const artifact = compileProgram(ops.build([ops.mul(x, x)]), 'tfjs:webgpu');
const inputs = [{ shape: [3], dtype: 'float32', data: Float32Array.of(1, 2, 3) }];
const results = [];
for (let round = 0; round < 4; round++) {
  const executable = await loadArtifact(artifact, { threads: 1 });
  results.push([...(await executable.run(inputs))[0].data]);
  const { tf } = await backendOf('webgpu');
  tf.backend().device.destroy();
  results.push(await executable.run(inputs).catch(({ code }) => code));
  await executable.dispose();
  const again = await loadArtifact(artifact, { threads: 1 });
  // What Dawn still calls back for goes on while garbage is collected.
  const running = again.run(inputs);
  for (let turn = 0; turn < 20; turn++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  results.push([...(await running)[0].data]);
  await again.dispose();
}
process.stdout.write(JSON.stringify(results));
// A process that has a driver loaded may not end by itself.
process.exit(0);
