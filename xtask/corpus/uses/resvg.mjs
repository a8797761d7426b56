// Rust with wasm-bindgen: floating-point numbers.
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

await initWasm(readFileSync(createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm')));
const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><defs><radialGradient id="g"><stop stop-color="red"/>' +
  '<stop offset="1" stop-color="#00f8"/></radialGradient><filter id="f"><feGaussianBlur stdDeviation="2"/></filter></defs>' +
  '<circle cx="40" cy="30" r="25" fill="url(#g)" filter="url(#f)"/><path d="M5 5c30 80 50-60 80 40" stroke="green" fill="none"/></svg>';
const pixels = new Resvg(svg).render().pixels;
console.log(pixels.length, createHash('sha256').update(pixels).digest('hex'));
