// Rust with wasm-bindgen: the parser of a bundler.
import { rollup } from '@rollup/wasm-node';

const bundle = await rollup({
  input: 'entry',
  plugins: [
    {
      name: 'memory',
      resolveId: (id) => id,
      load: (id) =>
        ({
          entry: 'import { used } from "lib"; console.log(used`x${1}`, class { static #p = 1; get() { return 2n ** 3n } });',
          lib: 'export const used = (s, ...v) => s.raw.join() + v; export const unused = () => { for (;;) {} };',
        })[id],
    },
  ],
});
const { output } = await bundle.generate({ format: 'es' });
console.log(output[0].code);
