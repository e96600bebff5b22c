/**
 * Fetches SwiftShader, a Vulkan driver that needs no GPU, out of a registry package, so that WebGPU can be tested
 * anywhere. Prints the environment in which a process finds it: `eval "$(node scripts/swiftshader.mjs)"`.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

const PACKAGE = '@sparticuz/chromium@147.0.0';
const ARCHIVE = 'package/bin/swiftshader.tar.br';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.swiftshader');
const driver = join(folder, 'vk_swiftshader_icd.json');

const run = (command, args, options = {}) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { maxBuffer: 2 ** 28, ...options });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr}`);
};

const fetchDriver = () => {
  // Made whole before it gets its name.
  const making = mkdtempSync(`${folder}-`);
  try {
    run('npm', ['pack', PACKAGE, '--silent', '--pack-destination', making], { cwd: making });
    const [tarball] = readdirSync(making);
    run('tar', ['xzf', tarball, ARCHIVE], { cwd: making });
    const libraries = join(making, 'libraries');
    mkdirSync(libraries);
    run('tar', ['xf', '-', '-C', libraries], { input: brotliDecompressSync(readFileSync(join(making, ARCHIVE))) });
    renameSync(libraries, folder);
  } finally {
    rmSync(making, { recursive: true });
  }
};

if (!existsSync(driver)) fetchDriver();
mkdirSync(join(folder, 'runtime'), { recursive: true, mode: 0o700 });
process.stdout.write(
  [
    `export VK_ICD_FILENAMES='${driver}'`,
    `export LD_LIBRARY_PATH='${folder}'"\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"`,
    `export XDG_RUNTIME_DIR='${join(folder, 'runtime')}'`,
    '',
  ].join('\n'),
);
