/** What the README says holds: its code compiles and runs, its tables name what there is. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as diffops from '../src/index.ts';
import { root } from './support/sources.ts';
import { compile, type Finished, runNode } from './support/spawn.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const readme = read('README.md');
const blocks = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
// Inside the package, so that `diffops` is this repository.
const folder = join(root, 'output', 'readme');

const section = (title: string): string => readme.split(/^## /m).find((part) => part.startsWith(title)) ?? '';
/** The code words in the first cells of a section's tables. */
const named = (title: string): string[] =>
  [...section(title).matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word),
  );

describe('code blocks', () => {
  let compiled: Finished;
  beforeAll(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    blocks.forEach((code, i) => {
      writeFileSync(join(folder, `block-${i}.ts`), code);
    });
    const project = {
      extends: '../../tsconfig.json',
      compilerOptions: { noEmit: false, rootDir: '.', outDir: 'built' },
      include: ['*.ts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project));
    compiled = compile(folder);
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('begin with the quickstart example', () => {
    const code = read('examples/quickstart.ts');
    expect(blocks[0]).toBe(code.slice(code.indexOf('import')));
  });

  it('compile', () => {
    expect(compiled.stdout).toBe('');
    expect(compiled.status).toBe(0);
  });

  it.each(blocks.map((_, i) => i))('run: block %i', (i) => {
    const { status, stdout, stderr } = runNode([join(folder, 'built', `block-${i}.js`)], { cwd: folder });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).not.toBe('');
  });
});

describe('tables', () => {
  it('list every error code', () => {
    const codes = [...read('src/errors.ts').matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(10);
    expect(named('Errors').sort()).toEqual(codes.sort());
  });

  it('list every function', () => {
    const functions = Object.entries(diffops)
      .filter(([name, value]) => typeof value === 'function' && !/^[A-Z]/.test(name))
      .map(([name]) => name);
    const listed = named('Functions').map((word) => word.replace(/\(.*/, ''));
    expect(listed).toEqual(expect.arrayContaining(functions));
  });

  it('list every option that is taken', () => {
    const listed = named('Options');
    const taken = [...read('src/options.ts').matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name]) => name);
    expect([...new Set(taken)].sort()).toEqual(listed.sort());
  });

  it('name only scripts that package.json has', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const text = readme + read('CONTRIBUTING.md');
    const named = [...text.matchAll(/`npm (?:run )?(test|(?<=run )[\w-]+)/g)].map(([, name]) => name);
    expect(new Set(named).size).toBeGreaterThan(5);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});
