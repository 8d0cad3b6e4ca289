import { componentize } from '@bytecodealliance/componentize-js';
import { writeFile } from 'node:fs/promises';

const { component } = await componentize({
  sourcePath: 'hello.js',
  witPath: 'wit',
  worldName: 'connector-plugin',
  // all of them: each would import WASI, and the host refuses that
  disableFeatures: ['stdio', 'random', 'clocks', 'http', 'fetch-event'],
});
await writeFile('component.wasm', component);
