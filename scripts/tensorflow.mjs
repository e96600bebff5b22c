/**
 * Sets up TensorFlow's binding for Node out of registry packages alone: its own install script downloads libtensorflow
 * from elsewhere, PyPI's wheel has it, too. Prints the environment in which a process finds it:
 * `eval "$(node scripts/tensorflow.mjs)"`. Linux on x64; needs npm, pip and g++.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = '@tensorflow/tfjs-node@4.22.0';
/** What its binding is compiled with. */
const NODE_HEADERS = 'node-api-headers@1.9.0';
// 2.17 and later have no tf.round of int32.
const WHEEL = 'tensorflow-cpu==2.16.2';
// Any Python will do: nothing of it runs.
const PLATFORM = ['--python-version', '3.11', '--platform', 'manylinux2014_x86_64'];
const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
const HEADERS = ['tensorflow/c/', 'tensorflow/core/platform/ctstring', 'tensorflow/tsl/platform/ctstring', 'tsl/'];
/** Takes the libraries and the C headers out of a wheel, into `lib` and `include` of a folder. */
const EXTRACT = `
import shutil, sys, zipfile
from pathlib import Path
wheel, folder, headers, libraries = sys.argv[1], Path(sys.argv[2]), sys.argv[3].split(), sys.argv[4].split()
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        path = name.removeprefix('tensorflow/include/')
        if path != name and path.startswith(tuple(headers)) and path.endswith('.h'):
            target = folder / 'include' / path
        elif name.removeprefix('tensorflow/') in libraries:
            target = folder / 'lib' / name.removeprefix('tensorflow/')
        else:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(name) as source, open(target, 'wb') as copy:
            shutil.copyfileobj(source, copy, 1 << 24)
`;

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.tensorflow');

const run = (command, args, cwd) => {
  const { status, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status === 0) return;
  throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr}`);
};

/** Compiles the binding, which finds the library beside it. */
const compileBinding = (tfjsNode, headers) => {
  const out = join('lib', 'napi-v8');
  mkdirSync(join(tfjsNode, out), { recursive: true });
  const flags = ['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'];
  const includes = ['-I', headers, '-I', 'deps/include'];
  const sources = ['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc'];
  const libraries = ['-Ldeps/lib', ...LIBRARIES.map((name) => `-l:${name}`), '-Wl,-rpath,$ORIGIN/../../deps/lib'];
  run('g++', [...flags, ...includes, ...sources, ...libraries, '-o', join(out, 'tfjs_binding.node')], tfjsNode);
};

const setUp = () => {
  // Made whole before it gets its name.
  const making = mkdtempSync(`${folder}-`);
  try {
    writeFileSync(join(making, 'package.json'), '{ "private": true }\n');
    run(
      'npm',
      ['install', PACKAGE, NODE_HEADERS, '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'],
      making,
    );
    const tfjsNode = join(making, 'node_modules', '@tensorflow', 'tfjs-node');
    const wheels = join(making, 'wheel');
    const only = ['--no-deps', '--only-binary', ':all:', ...PLATFORM];
    run('python3', ['-m', 'pip', 'download', WHEEL, '--quiet', '--dest', wheels, ...only], making);
    const wheel = join(wheels, readdirSync(wheels)[0]);
    run('python3', ['-c', EXTRACT, wheel, join(tfjsNode, 'deps'), HEADERS.join(' '), LIBRARIES.join(' ')], making);
    rmSync(wheels, { recursive: true });
    compileBinding(tfjsNode, join(making, 'node_modules', 'node-api-headers', 'include'));
    renameSync(making, folder);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
};

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error(`tensorflow: this recipe is for Linux on x64, not ${process.platform} on ${process.arch}.`);
  process.exit(1);
}
try {
  if (!existsSync(folder)) setUp();
} catch (error) {
  console.error(`tensorflow: it can't be set up here. ${error.message}`);
  process.exit(1);
}
process.stdout.write(`export NODE_PATH='${join(folder, 'node_modules')}'"\${NODE_PATH:+:$NODE_PATH}"\n`);
