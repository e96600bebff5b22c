/** Public names and types change on purpose only: they are a snapshot beside this file. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as diffops from '../src/index.ts';
import { exportedNames, publicDeclarations } from './support/declarations.ts';
import { root } from './support/sources.ts';

const entry = join(root, 'dist', 'src', 'index.d.ts');

describe('public API', () => {
  it('has these names at run time', () => {
    expect(Object.keys(diffops).sort()).toMatchInlineSnapshot(`
      [
        "DiffopsError",
        "NdArray",
        "createRuntime",
        "devices",
        "float64",
        "hessian",
        "hessianBlocks",
        "hessianToPytree",
        "hvp",
        "jacobian",
        "jacobianBlocks",
        "jvp",
        "model",
        "prepareHessian",
        "prepareJacobian",
        "valueAndGrad",
        "vjp",
      ]
    `);
  });

  it('exports at run time what its declarations say', () => {
    const values = exportedNames(entry).filter((name) => !name.startsWith('type '));
    expect(Object.keys(diffops).sort()).toEqual(values.sort());
  });

  it('has these types', async () => {
    const lines = [`exports: ${exportedNames(entry).join(', ')}`, '', publicDeclarations(entry), ''];
    await expect(lines.join('\n')).toMatchFileSnapshot('public-api.snapshot.txt');
  });
});
