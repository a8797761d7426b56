// Loaded before a use of a package. It records each WebAssembly module that the use compiles, or puts others in their
// places. Child processes and threads load it too, because NODE_OPTIONS names it.
//
//   CORPUS_RECORD   directory to which each module is written, as SHA-256.wasm
//   CORPUS_REPLACE  directory with the modules to compile in place of the originals, by the originals' SHA-256
//   CORPUS_USED     directory with an empty file for each module that was replaced

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const { CORPUS_RECORD: record, CORPUS_REPLACE: replace, CORPUS_USED: used } = process.env;
const { existsSync, readFileSync, renameSync, writeFileSync } = fs;

/** Returns whether Node.js compiles a module of its own, such as its HTTP parser. */
const isOfNode = () => /node:internal\/deps\//.test(new Error().stack);

/** Returns the bytes to compile for `source`. */
function exchange(source) {
  if (isOfNode()) return source;
  const bytes = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  const name = createHash('sha256').update(bytes).digest('hex');
  if (record) {
    const file = path.join(record, `${name}.wasm`);
    const part = `${file}.${process.pid}`;
    writeFileSync(part, bytes);
    renameSync(part, file);
  }
  if (!replace) return bytes;
  const file = path.join(replace, `${name}.wasm`);
  if (!existsSync(file)) return bytes;
  writeFileSync(path.join(used, name), '');
  return new Uint8Array(readFileSync(file));
}

const { Module } = WebAssembly;
const isBytes = (source) => ArrayBuffer.isView(source) || source instanceof ArrayBuffer;
const own = { compile: WebAssembly.compile, instantiate: WebAssembly.instantiate };

WebAssembly.Module = new Proxy(Module, {
  construct: (target, [source, ...rest]) => new target(isBytes(source) ? exchange(source) : source, ...rest),
});
WebAssembly.compile = async (source, ...rest) => own.compile(exchange(source), ...rest);
WebAssembly.instantiate = async (source, ...rest) =>
  own.instantiate(isBytes(source) ? exchange(source) : source, ...rest);
WebAssembly.compileStreaming = async (response, ...rest) =>
  WebAssembly.compile(await (await response).arrayBuffer(), ...rest);
WebAssembly.instantiateStreaming = async (response, ...rest) =>
  WebAssembly.instantiate(await (await response).arrayBuffer(), ...rest);
