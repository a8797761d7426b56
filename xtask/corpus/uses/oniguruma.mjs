// A C library by Emscripten, in two packages.
import onigasm from 'onigasm';
import oniguruma from 'vscode-oniguruma';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { resolve } = createRequire(import.meta.url);
const patterns = ['(?<year>\\d{4})-(\\d\\d)', '\\p{Greek}+', '(a|ab)(c|bcd)(d*)', '(?i:straße)'];
const text = 'on 2024-05 αβγ abcd STRASSE';
await oniguruma.loadWASM(readFileSync(resolve('vscode-oniguruma/release/onig.wasm')).buffer);
const first = new oniguruma.OnigScanner(patterns);
for (let at = 0; at < text.length; at += 5) console.log(JSON.stringify(first.findNextMatchSync(text, at)));
await onigasm.loadWASM(readFileSync(resolve('onigasm/lib/onigasm.wasm')).buffer);
const second = new onigasm.OnigScanner(patterns);
for (let at = 0; at < text.length; at += 5) console.log(JSON.stringify(second.findNextMatchSync(text, at)));
