// The C library by Emscripten.
import { compress, decompress, init } from '@bokuweb/zstd-wasm';
import { createHash } from 'node:crypto';

await init();
const text = new TextEncoder().encode(Array.from({ length: 3000 }, (_, i) => (i * i).toString(36)).join(' '));
for (const level of [1, 9, 19]) {
  const packed = compress(text, level);
  console.log(packed.length, createHash('sha256').update(packed).digest('hex'), decompress(packed).length);
}
