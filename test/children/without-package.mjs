/** Preloaded into processes and threads: the package that the environment names is as if it were not installed. */

import { register } from 'node:module';

const hooks = `export const resolve = (name, context, next) => {
  if (name !== ${JSON.stringify(process.env.WITHOUT_PACKAGE)}) return next(name, context);
  throw Object.assign(new Error('Cannot find package ' + name), { code: 'ERR_MODULE_NOT_FOUND' });
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
