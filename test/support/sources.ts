/** The repository's own source files and the imports between them, for the tests that hold the house to its rules. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

interface Import {
  /** A path from the root for one of our files, else the package as written. */
  readonly target: string;
  /** Erased by the compiler: a worker never loads it. */
  readonly typeOnly: boolean;
}

export interface Source {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const STATEMENT = /^(?:import|export)\s+(type\s+)?(?:([^'";]*?)\s+from\s+)?'([^']+)';?/gm;
const DYNAMIC = /\bimport\('([^']+)'\)/g;

/** `{ type A, type B }`: every name of the list is a type. */
const namesOnlyTypes = (clause: string | undefined): boolean => {
  const list = clause?.match(/^\{([\s\S]*)\}$/)?.[1];
  const names = list?.split(',').filter((name) => name.trim() !== '') ?? [];
  return names.length > 0 && names.every((name) => /^\s*type\s/.test(name));
};

const resolve = (from: string, specifier: string): string =>
  specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(from), specifier)) : specifier;

const importsOf = (path: string, text: string): Import[] => [
  ...[...text.matchAll(STATEMENT)].map(([, type, clause, specifier]) => ({
    target: resolve(path, specifier),
    typeOnly: type !== undefined || namesOnlyTypes(clause),
  })),
  ...[...text.matchAll(DYNAMIC)].map(([, specifier]) => ({ target: resolve(path, specifier), typeOnly: false })),
];

/** All TypeScript files below those of these folders that the repository has. */
export const sourcesIn = (...folders: string[]): Source[] =>
  folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => {
          const path = `${folder}/${name.split(sep).join('/')}`;
          const text = readFileSync(join(root, path), 'utf8');
          return { path, text, imports: importsOf(path, text) };
        }),
    );
