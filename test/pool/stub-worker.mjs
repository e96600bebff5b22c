/** The worker of the tests: the real loop around the made-up engine. */

import { DiffopsError } from '../../dist/src/errors.js';
import { serve } from '../../dist/src/pool/serve.js';
import { stubLoad } from './stub.mjs';

export default serve(stubLoad(DiffopsError));
