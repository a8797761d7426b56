// A Go program.
import esbuild from 'esbuild-wasm';

const result = await esbuild.transform('let a: number = 1 as any; export const f = async () => <b>{a ?? 2}</b>', {
  loader: 'tsx',
  minify: true,
  target: 'es2017',
});
console.log(result.code, esbuild.version);
await esbuild.stop();
