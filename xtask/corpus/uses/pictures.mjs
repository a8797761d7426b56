// Codecs in C++ with embind, and in Rust with wasm-bindgen.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { resolve } = createRequire(import.meta.url);
const module = (path) => new WebAssembly.Module(readFileSync(resolve(path)));
globalThis.ImageData ??= class ImageData {
  constructor(data, width, height) {
    Object.assign(this, { data, width, height });
  }
};
const data = new Uint8ClampedArray(64 * 48 * 4).map((_, i) => (i * i) >> 7);
const picture = new ImageData(data, 64, 48);
const show = (name, bytes) => console.log(name, bytes.length, createHash('sha256').update(new Uint8Array(bytes.buffer ?? bytes)).digest('hex'));

const png = { encode: await import('@jsquash/png/encode.js'), decode: await import('@jsquash/png/decode.js') };
await png.encode.init(module('@jsquash/png/codec/pkg/squoosh_png_bg.wasm'));
const packed = await png.encode.default(picture);
show('png', new Uint8Array(packed));
await png.decode.init(module('@jsquash/png/codec/pkg/squoosh_png_bg.wasm'));
show('png', (await png.decode.default(packed)).data);

const jpeg = { encode: await import('@jsquash/jpeg/encode.js'), decode: await import('@jsquash/jpeg/decode.js') };
await jpeg.encode.init(module('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'));
await jpeg.decode.init(module('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'));
const small = await jpeg.encode.default(picture, { quality: 60 });
show('jpeg', new Uint8Array(small));
show('jpeg', (await jpeg.decode.default(small)).data);

const webp = { encode: await import('@jsquash/webp/encode.js'), decode: await import('@jsquash/webp/decode.js') };
for (const name of ['webp_enc.wasm', 'webp_enc_simd.wasm']) {
  await webp.encode.init(module(`@jsquash/webp/codec/enc/${name}`));
  const made = await webp.encode.default(picture, { quality: 50 });
  show(name, new Uint8Array(made));
  await webp.decode.init(module('@jsquash/webp/codec/dec/webp_dec.wasm'));
  show(name, (await webp.decode.default(made)).data);
}
