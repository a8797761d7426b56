// C grammars as side modules of Emscripten (dylink.0), loaded by a main module.
import { Language, Parser } from 'web-tree-sitter';
import { createRequire } from 'node:module';

const { resolve } = createRequire(import.meta.url);
await Parser.init();
const parse = async (file, text) => {
  const parser = new Parser();
  parser.setLanguage(await Language.load(resolve(file)));
  return parser.parse(text).rootNode.toString();
};
console.log(await parse('tree-sitter-json/tree-sitter-json.wasm', '{"a": [1, true, null, "\\u00e9"], "b": {}}'));
console.log(
  await parse(
    'tree-sitter-bash/tree-sitter-bash.wasm',
    'for x in *.c; do echo "${x%.c}" | sed s/a/b/ > $x; done\ncat <<EOF\n$(ls)\nEOF\n',
  ),
);
