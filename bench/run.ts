/**
 * The bench's commands: `npm run bench [-- timings]` times whole matrices, `npm run bench -- <command>` runs another of
 * the measurements. Each is a module with a `main` that gets the arguments behind its name.
 */

import * as tf from '@tensorflow/tfjs';
import { UsageError } from './usage.ts';

interface Command {
  main(args: string[]): Promise<void> | void;
}

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  timings: () => import('./timings.ts'),
  publish: () => import('./publish.ts'),
  profile: () => import('./profile.ts'),
  alternatives: () => import('./alternatives.ts'),
  levers: () => import('./levers.ts'),
  newton: () => import('./newton.ts'),
  scale: () => import('./scale.ts'),
  lowering: () => import('./lowering.ts'),
  checkpoint: () => import('./checkpoint.ts'),
  limits: () => import('./limits.ts'),
  large: () => import('./large.ts'),
  memory: () => import('./memory.ts'),
};

const [first, ...rest] = process.argv.slice(2);
const named = first !== undefined && !first.startsWith('-');
const name = named ? first : 'timings';

/** A mistake of whoever called, told in a line. */
const refuse = (message: string): void => {
  console.error(message);
  process.exitCode = 2;
};

if (Object.hasOwn(commands, name)) {
  await tf.setBackend('cpu');
  const { main } = await commands[name]();
  try {
    await main(named ? rest : process.argv.slice(2));
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (!(error instanceof UsageError) && !code?.startsWith('ERR_PARSE_ARGS')) throw error;
    refuse(message);
  }
} else refuse(`no command ${first}; there are ${Object.keys(commands).join(', ')}`);
