// Rust with wasm-bindgen.
import { createRequire } from 'node:module';
import { createHash } from 'node:crypto';

const brotli = createRequire(import.meta.url)('brotli-wasm');
const text = new TextEncoder().encode(Array.from({ length: 900 }, (_, i) => `line ${i * i}\n`).join(''));
for (const quality of [1, 5, 11]) {
  const packed = brotli.compress(text, { quality });
  const same = Buffer.compare(Buffer.from(brotli.decompress(packed)), Buffer.from(text)) === 0;
  console.log(packed.length, createHash('sha256').update(packed).digest('hex'), same);
}
