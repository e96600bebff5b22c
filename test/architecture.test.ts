/** The house's own rules: imports go one way, files stay small and say what they are, errors are typed. */

import { describe, expect, it } from 'vitest';
import { type Source, sourcesIn } from './support/sources.ts';

const library = sourcesIn('src', 'workers');
const everything = [...library, ...sourcesIn('test', 'bench', 'examples')];

/** The stages in the order that data goes through them; rooms of one stage don't know of each other. */
const STAGES = [
  ['ir'],
  ['primitives'],
  ['interpret', 'transforms', 'model', 'fusion'],
  ['trace'],
  ['plan'],
  ['compile'],
  ['stitch'],
  ['pool'],
  ['file'],
];
/** Files at the root of src that any room may use: validation, errors and what results are made of. */
const COMMON = [
  'errors',
  'options',
  'device-traits',
  'memory-limit',
  'pytree',
  'leaf',
  'nd-array',
  'matrix',
  'float64',
  'unflatten',
  'bounded-cache',
  'collect-garbage',
  'while-cold',
  'worker-file',
];
/** What stands between stages as plain data: anyone right of ir may name its types. */
const CONTRACTS = ['src/compile/executable.ts', 'src/pool/job.ts'];

/** `ir`, …, `pool` for a room's files; `common` and `front` for those at the root of src; `workers`. */
const roomOf = (path: string): string => {
  const [top, second, third] = path.split('/');
  if (top !== 'src') return top;
  if (third !== undefined) return second;
  return COMMON.includes(second.replace(/\.ts$/, '')) ? 'common' : 'front';
};

const stageOf = (room: string): number => STAGES.findIndex((rooms) => rooms.includes(room));

const mayImport = (from: string, to: string, typeOnly: boolean): boolean => {
  const [here, there] = [roomOf(from), roomOf(to)];
  if (here === there || here === 'front') return true;
  // The closed rooms: ir knows errors alone, and common files are built on ir and errors.
  if (here === 'ir') return to === 'src/errors.ts';
  if (here === 'common') return there === 'ir';
  if (there === 'common') return true;
  if (typeOnly && CONTRACTS.includes(to)) return true;
  if (here === 'workers') return stageOf(there) >= 0;
  return stageOf(there) >= 0 && stageOf(there) < stageOf(here);
};

/** The files that a worker thread loads: everything its entry reaches but for types. */
const loadedBy = (entry: string): Source[] => {
  const byPath = new Map(library.map((source) => [source.path, source]));
  const reached = new Set<Source>();
  const visit = (path: string): void => {
    const source = byPath.get(path);
    if (!source || reached.has(source)) return;
    reached.add(source);
    for (const { target, typeOnly } of source.imports) if (!typeOnly) visit(target);
  };
  visit(entry);
  return [...reached];
};

const cycleFrom = (start: Source, byPath: ReadonlyMap<string, Source>, done: Set<string>): string[] | undefined => {
  const trail: string[] = [];
  const visit = (path: string): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    trail.push(path);
    for (const { target } of byPath.get(path)?.imports ?? []) {
      const found = visit(target);
      if (found) return found;
    }
    trail.pop();
    done.add(path);
    return undefined;
  };
  return visit(start.path);
};

const lineCount = ({ text }: Source): number => text.trimEnd().split('\n').length;

describe('imports', () => {
  it('go one way, from later stages to earlier ones', () => {
    expect(library.reduce((sum, { imports }) => sum + imports.length, 0)).toBeGreaterThan(library.length);
    const wrong = library.flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) => target.endsWith('.ts'))
        .filter(({ target, typeOnly }) => !mayImport(path, target, typeOnly))
        .map(({ target }) => `${path} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('form no cycle, not even of types', () => {
    const byPath = new Map(library.map((source) => [source.path, source]));
    const done = new Set<string>();
    expect(library.map((source) => cycleFrom(source, byPath, done)).filter((cycle) => cycle)).toEqual([]);
  });

  it.each(['tile-worker', 'file-writer'])('keep TensorFlow.js, recording and planning out of a %s', (worker) => {
    const loaded = loadedBy(`workers/${worker}.ts`);
    expect(loaded.length).toBeGreaterThan(5);
    const tensorflow = loaded.filter(({ imports }) =>
      imports.some(({ target, typeOnly }) => !typeOnly && target.startsWith('@tensorflow/')),
    );
    expect(tensorflow.map(({ path }) => path)).toEqual([]);
    const heavy = loaded.filter(({ path }) => ['trace', 'transforms', 'plan', 'front'].includes(roomOf(path)));
    expect(heavy.map(({ path }) => path)).toEqual([]);
  });
});

describe('files', () => {
  it('have at most 400 lines, and half of them fewer than 150', () => {
    expect(everything.filter((source) => lineCount(source) > 400).map(({ path }) => path)).toEqual([]);
    const lengths = library.map(lineCount).sort((a, b) => a - b);
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThan(150);
  });

  it('open with a comment that says what they are', () => {
    const silent = everything.filter(({ text }) => !/^\/\*\*[\s*]+[^\s*][\s\S]*?[.:?!\w`)]\s*\*\//.test(text));
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  it('have names in kebab-case that say more than utils', () => {
    const wrong = everything.filter(({ path }) =>
      path
        .split('/')
        .some(
          (part) => !/^[a-z0-9-]+(\.test|\.config)?(\.d)?(\.ts)?$/.test(part) || /^(utils?|helpers?|misc)\b/.test(part),
        ),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('throw typed errors only', () => {
    const bare = library.filter(({ text }) => /throw new (Error|TypeError|RangeError)\(/.test(text));
    expect(bare.map(({ path }) => path)).toEqual([]);
  });

  it('export by name', () => {
    // A worker's entry is the exception: piscina takes its default export.
    const wrong = library.filter(({ path, text }) => path.startsWith('src/') && /^export default/m.test(text));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('leave nothing open', () => {
    const open = everything.filter(
      ({ path, text }) => path !== 'test/architecture.test.ts' && /\b(TODO|FIXME|XXX|HACK)\b/.test(text),
    );
    expect(open.map(({ path }) => path)).toEqual([]);
  });
});
