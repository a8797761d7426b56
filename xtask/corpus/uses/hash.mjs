// Small C modules without a C library, inside JavaScript as base64.
import * as hash from 'hash-wasm';

const text = 'The quick brown fox '.repeat(99);
const names = [
  'adler32', 'blake2b', 'blake2s', 'blake3', 'crc32', 'crc64', 'keccak', 'md4', 'md5', 'ripemd160', 'sha1', 'sha256',
  'sha3', 'sha512', 'sm3', 'whirlpool', 'xxhash32', 'xxhash64', 'xxhash3', 'xxhash128',
];
for (const name of names) console.log(name, await hash[name](text));
const salt = new Uint8Array(16).fill(3);
const more = { password: 'secret', salt, hashLength: 32, outputType: 'hex' };
console.log(await hash.argon2id({ ...more, parallelism: 1, iterations: 2, memorySize: 64 }));
console.log(await hash.scrypt({ ...more, costFactor: 16, blockSize: 8, parallelism: 1 }));
console.log(await hash.bcrypt({ password: 'secret', salt, costFactor: 5, outputType: 'hex' }));
