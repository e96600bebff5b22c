/**
 * The bench's commands: `npm run bench [-- timings]` times whole matrices, `npm run bench -- <command>` runs another of
 * the measurements. Each is a module with a `main` that gets the arguments behind its name.
 */

import * as tf from '@tensorflow/tfjs';

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
  lowering: () => import('./lowering.ts'),
};

const [first, ...rest] = process.argv.slice(2);
const named = first !== undefined && !first.startsWith('-');
const command = commands[named ? first : 'timings'];
if (command) {
  await tf.setBackend('cpu');
  await (await command()).main(named ? rest : process.argv.slice(2));
} else {
  console.error(`no command ${first}; there are ${Object.keys(commands).join(', ')}`);
  process.exitCode = 2;
}
