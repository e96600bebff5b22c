/** A stream of which one block is taken and which is then forgotten: must end by itself. */

import { streamBlocks } from '../../../dist/src/pool/stream.js';
import { makeJob } from '../stub.mjs';
import { newPool } from './common.mjs';

const blocks = streamBlocks(newPool(), makeJob({ placement: 'column', width: 1 }));
await blocks.next();
console.log('took one');
