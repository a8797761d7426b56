// C by Emscripten, without and with SIMD.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(import.meta.url);
const program = require.resolve('argon2-browser/dist/argon2.js');
for (const name of ['argon2.wasm', 'argon2-simd.wasm']) {
  delete require.cache[program];
  globalThis.Module = { wasmBinary: new Uint8Array(readFileSync(require.resolve(`argon2-browser/dist/${name}`))) };
  globalThis.self = globalThis;
  const argon2 = await new Promise((resolve) => {
    globalThis.Module.onRuntimeInitialized = () => setImmediate(() => resolve(require.cache[program].exports));
    require(program);
  });
  const place = (bytes) => {
    const at = argon2._malloc(bytes.length);
    argon2.HEAPU8.set(bytes, at);
    return at;
  };
  const [password, salt] = ['password', 'some salt'].map((text) => new TextEncoder().encode(text));
  const made = place(new Uint8Array(32));
  const code = argon2._argon2_hash(2, 512, 1, place(password), password.length, place(salt), salt.length, made, 32, 0, 0, 2, 0x13);
  console.log(code, Buffer.from(argon2.HEAPU8.slice(made, made + 32)).toString('hex'));
}
