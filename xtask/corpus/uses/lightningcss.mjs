// A large Rust program.
import init, { transform } from 'lightningcss-wasm';

await init();
const { code, warnings } = transform({
  filename: 'a.css',
  code: new TextEncoder().encode(
    '.a { color: rgba(255, 0, 0, .5); margin: 0px 0px; & .b { inset: 0 } } @media (width >= 240px) { .c { color: lab(40% 56.6 39) } }',
  ),
  minify: true,
  targets: { chrome: 80 << 16 },
});
console.log(new TextDecoder().decode(code), warnings.length);
