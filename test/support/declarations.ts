/** Reads compiled declaration files: what a package's entry exports, with all types that its exports mention. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Declarations {
  /** Statements by the name that they declare, without comments. */
  readonly own: ReadonlyMap<string, string>;
  /** Where an imported or re-exported name comes from. */
  readonly from: ReadonlyMap<string, { readonly path: string; readonly name: string }>;
}

const STATEMENT = /^(?:export )?(?:declare )?(?:abstract )?(?:const|function|class|interface|type|let) (\w+)/;
const NAMES = /^(?:import|export) (?:type )?\{([^}]*)\} from '([^']+)';/gm;

const withoutComments = (text: string): string =>
  text.replace(/^[ \t]*\/\*\*[\s\S]*?\*\/\n/gm, '').replace(/^\/\/.*\n?/gm, '');

const pathFrom = (path: string, specifier: string): string =>
  join(dirname(path), specifier.replace(/\.(ts|js)$/, '.d.ts'));

const readDeclarations = (path: string): Declarations => {
  const text = withoutComments(readFileSync(path, 'utf8'));
  const own = new Map<string, string>();
  // A statement reaches to the next line that begins another one at the margin.
  for (const statement of text.split(/^(?=(?:export|import|declare|interface|type|class|const)\b)/m)) {
    const name = statement.match(STATEMENT)?.[1];
    if (name) own.set(name, (own.get(name) ?? '') + statement.trimEnd());
  }
  const from = new Map<string, { path: string; name: string }>();
  for (const [, names, specifier] of text.matchAll(NAMES)) {
    if (!specifier.startsWith('.')) continue;
    for (const entry of names.split(',')) {
      const [name, alias = name] = entry
        .trim()
        .replace(/^type /, '')
        .split(' as ');
      if (name !== '') from.set(alias, { path: pathFrom(path, specifier), name });
    }
  }
  return { own, from };
};

/** Names that an entry exports, in order; those that are only types after `type `. */
export const exportedNames = (entry: string): string[] =>
  [...readFileSync(entry, 'utf8').matchAll(/^export (type )?\{([^}]*)\} from/gm)]
    .flatMap(([, type, names]) =>
      names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '')
        .map((name) => (type && !name.startsWith('type ') ? `type ${name}` : name)),
    )
    .sort((a, b) => a.replace('type ', '').localeCompare(b.replace('type ', ''), 'en'));

/**
 * The declarations of all exports of an entry and of all that these mention, sorted by name. A class of which only
 * the type is exported is shown without its constructor, which nobody outside can call.
 */
export const publicDeclarations = (entry: string): string => {
  const files = new Map<string, Declarations>();
  const fileOf = (path: string): Declarations => {
    let file = files.get(path);
    if (!file) {
      file = existsSync(path) ? readDeclarations(path) : { own: new Map(), from: new Map() };
      files.set(path, file);
    }
    return file;
  };
  const found = new Map<string, string>();
  const visit = (path: string, name: string, constructible: boolean): void => {
    const { own, from } = fileOf(path);
    const statement = own.get(name);
    const source = from.get(name);
    if (statement === undefined) {
      if (source) visit(source.path, source.name, constructible);
      return;
    }
    if (found.has(name)) return;
    const text = constructible ? statement : statement.replace(/^ {4}constructor\([\s\S]*?\);\n/m, '');
    found.set(name, text.replace(/^(export )?(declare )?/, ''));
    for (const [word] of text.matchAll(/\b[A-Za-z_]\w*\b/g)) {
      if (word !== name && (own.has(word) || from.has(word))) visit(path, word, false);
    }
  };
  // Values first: what a type mentions is shown without its constructor.
  const names = exportedNames(entry);
  const isType = (name: string): boolean => name.startsWith('type ');
  const classes = (name: string): boolean => !isType(name) && /^[A-Z]/.test(name);
  for (const name of names.filter(classes)) visit(entry, name, true);
  for (const name of names) visit(entry, name.replace('type ', ''), !isType(name));
  return [...found.entries()]
    .sort(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([, text]) => text)
    .join('\n');
};
