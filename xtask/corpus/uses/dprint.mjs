// Rust plugins with a small interface of numbers.
import { createFromBuffer } from '@dprint/formatter';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { resolve } = createRequire(import.meta.url);
const texts = {
  dockerfile: ['Dockerfile', 'FROM   scratch\nRUN   echo   1\nENV a=b   c=d\n'],
  json: ['a.json', '{"a":[1,2,\n3], // comment\n"b":{}}'],
  markdown: ['a.md', '# Title #\n* one\n* two\n\n| a|b |\n|-|-|\n|1|2|\n'],
  toml: ['a.toml', '[b]\nx=1\n[a]\ny = [ 1,2 ]\n'],
};
for (const [name, [filePath, fileText]] of Object.entries(texts)) {
  const formatter = createFromBuffer(readFileSync(resolve(`@dprint/${name}/plugin.wasm`)));
  formatter.setConfig({ lineWidth: 40 }, {});
  console.log(name, JSON.stringify(formatter.formatText({ filePath, fileText })));
  console.log(JSON.stringify(formatter.getPluginInfo().name));
}
