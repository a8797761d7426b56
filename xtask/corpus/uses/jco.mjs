// jco's own modules: components in Rust, as JavaScript with core modules.
import { componentNew, componentWit, parse, print, transpile } from '@bytecodealliance/jco';
import { createHash } from 'node:crypto';

const core = await parse(`(module
  (import "cm32p2" "log" (func $log (param i32 i32)))
  (memory (export "memory") 1) (func (export "run") (result i32) i32.const 42))`);
console.log(await print(core));
const component = await parse(`(component
  (core module $m (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))
  (core instance $i (instantiate $m))
  (func (export "next") (param "x" u32) (result u32) (canon lift (core func $i "f"))))`);
console.log(await componentWit(component));
const { files } = await transpile(component, { name: 'next', instantiation: 'async' });
for (const [name, bytes] of Object.entries(files).sort()) {
  console.log(name, createHash('sha256').update(bytes).digest('hex'));
}
console.log(typeof componentNew);
