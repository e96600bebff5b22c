/** The other half: a process that has a device's context, and does what the thread that it belongs to asks for. */

import { DiffopsError } from '../../errors.ts';
import type { Value } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import type { Artifact, Executable } from '../executable.ts';
import type { Answer, Kept, Request } from './messages.ts';

interface Loaded {
  readonly executable: Executable;
  kept: readonly Value[];
}

/** To be called once, as the process' module loads. */
export const serveApart = (load: (artifact: Artifact) => Promise<Executable>): void => {
  const loaded = new Map<number, Loaded>();

  const known = (executable: number): Loaded => {
    const found = loaded.get(executable);
    if (!found) throw malformed(`The process was asked for executable ${executable}, which isn't loaded.`);
    return found;
  };
  const here = (input: Value | Kept): Value => {
    if (!('of' in input)) return input;
    const value = known(input.of).kept[input.output];
    if (!value) throw malformed(`The process keeps no output ${input.output} of executable ${input.of}.`);
    return value;
  };

  const carryOut = async (request: Request): Promise<readonly Value[]> => {
    if (request.do === 'load') {
      loaded.set(request.executable, { executable: await load(request.artifact), kept: [] });
      return [];
    }
    const entry = known(request.executable);
    const { executable } = entry;
    if (request.do === 'dispose') {
      loaded.delete(request.executable);
      await executable.dispose();
      return [];
    }
    const inputs = request.inputs.map(here);
    if (request.do === 'run') return executable.run(inputs);
    if (!executable.keep) throw malformed('The process was asked to keep what its engine gives out.');
    entry.kept = await executable.keep(inputs);
    return entry.kept;
  };

  const answerTo = (request: Request): Promise<Answer> =>
    carryOut(request).then(
      (values) => ({ values }),
      (thrown) => ({ error: DiffopsError.from(thrown).serialize() }),
    );

  // What a driver has at work might keep the process, or hold up its end.
  const end = (): void => {
    process.kill(process.pid, 'SIGKILL');
  };
  let idle: Promise<unknown> = Promise.resolve();
  process.on('message', (request: Request) => {
    // Who asked may be gone by now, which the channel says only later.
    idle = idle.then(async () => process.send?.(await answerTo(request), (error: Error | null) => error && end()));
  });
  process.on('disconnect', end);
};
