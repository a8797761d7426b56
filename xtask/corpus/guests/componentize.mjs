// Makes a component of guest.js, with StarlingMonkey as the JavaScript engine.
import { componentize } from '@bytecodealliance/componentize-js';
import { readFileSync, writeFileSync } from 'node:fs';

const { component } = await componentize(readFileSync('guest.js', 'utf8'), {
  witWorld: readFileSync('world.wit', 'utf8'),
  worldName: 'guest',
  disableFeatures: ['random', 'stdio', 'clocks', 'http', 'fetch-event'],
});
writeFileSync('out.wasm', component);
