// A JavaScript engine in C by Emscripten.
import variant from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant } from 'quickjs-emscripten-core';

const quickjs = await newQuickJSWASMModuleFromVariant(variant);
const program = `
  const sieve = (n) => { const s = new Uint8Array(n); const p = []; for (let i = 2; i < n; i++) if (!s[i]) { p.push(i); for (let j = i * i; j < n; j += i) s[j] = 1; } return p; };
  JSON.stringify([sieve(200), [..."aébc"].map((x) => x.codePointAt(0)), 2n ** 90n + "", new Date(0).toISOString(), /(?<y>\\d+)/u.exec("a12").groups.y, 0.1 + 0.2])`;
console.log(quickjs.evalCode(program));
