/** Makes node_modules what package-lock.json says, and returns at once where it is so already. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = 20;

const readPackages = (path) => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
};

/**
 * Why an install is needed, or undefined. npm leaves `node_modules/.package-lock.json` behind when an install
 * has gone through; what it lacks may only be optional packages, those of other platforms.
 */
const reasonToInstall = () => {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted) return 'package-lock.json cannot be read';
  if (!installed) return 'nothing is installed';
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = installed[path];
    if (found === undefined) {
      if (!entry.optional) return `${path} is missing`;
    } else if (found.version !== entry.version || found.integrity !== entry.integrity) {
      return `${path} is ${found.version}, the lockfile says ${entry.version}`;
    } else if (!existsSync(join(root, path))) {
      return `${path} is gone`;
    }
  }
  const extra = Object.keys(installed).find((path) => !(path in wanted));
  return extra === undefined ? undefined : `${extra} is not in the lockfile`;
};

/** `npm ci` by the npm that runs this script, if one does. */
const install = () => {
  // ONNX Runtime's own install script downloads CUDA libraries and fails where it can't; the CPU needs none.
  // `.npmrc` turns install scripts off; this holds where a user's settings turn them on again.
  const env = { ONNXRUNTIME_NODE_INSTALL: 'skip', ...process.env };
  const args = ['ci', '--no-audit', '--no-fund'];
  const cli = process.env.npm_execpath;
  const byNode = cli?.endsWith('npm-cli.js');
  return spawnSync(byNode ? process.execPath : 'npm', byNode ? [cli, ...args] : args, {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
    shell: !byNode && process.platform === 'win32',
  });
};

const major = Number(process.versions.node.split('.')[0]);
if (major < OLDEST_NODE) {
  console.error(`setup: this is Node ${process.versions.node}; diffops needs Node ${OLDEST_NODE} or newer.`);
  process.exit(1);
}
const reason = reasonToInstall();
if (reason !== undefined) {
  console.error(`setup: ${reason}; running npm ci`);
  const { status, error } = install();
  if (status !== 0) {
    console.error(
      `setup: npm ci failed${error ? ` (${error.message})` : ''}. It needs a registry or a filled npm cache.`,
    );
    process.exit(1);
  }
}
