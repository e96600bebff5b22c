/** A folder for one test file, gone when it is over. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export const newFolder = (): { path: (name: string) => string; names: () => string[] } => {
  const folder = mkdtempSync(join(tmpdir(), 'diffops-file-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000);
  return { path: (name) => join(folder, name), names: () => readdirSync(folder).sort() };
};
