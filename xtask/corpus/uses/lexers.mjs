// C without a C library, inside JavaScript as base64.
import * as cjs from 'cjs-module-lexer';
import * as es from 'es-module-lexer';

await (cjs.init?.() ?? cjs.default.init());
const parse = cjs.parse ?? cjs.default.parse;
const { exports, reexports } = parse('exports.a = 1; module.exports = require("b"); Object.defineProperty(exports, "c", { enumerable: true, value: 1 });');
console.log([...exports], [...reexports]);
await es.init;
console.log(JSON.stringify(es.parse('import a from "b"; export { a as c }; import("d"); /re[/]x/.test(`${import.meta.url}`)')));
