// Calls every export of a module, and prints the results and the state that they leave.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const show = (value) => {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (Array.isArray(value)) return `[${value.map(show)}]`;
  return value === null ? 'null' : typeof value;
};

/** Calls a function with numbers, of each kind where one kind is refused. */
function call(run, number) {
  const kinds = [(n) => n, (n) => BigInt(n), (n, i) => (i % 2 ? n : BigInt(n)), (n, i) => (i % 2 ? BigInt(n) : n)];
  for (const kind of kinds) {
    try {
      return show(run(...Array.from({ length: run.length }, (_, i) => kind(number + 3 * i, i))));
    } catch (error) {
      if (error instanceof TypeError || error instanceof SyntaxError) continue;
      if (error instanceof RangeError) return 'exhausted';
      return 'trap';
    }
  }
  return 'not callable';
}

for (const path of process.argv.slice(2)) {
  const lines = [];
  let calls = 0;
  try {
    const { instance } = await WebAssembly.instantiate(readFileSync(path));
    const exports = Object.entries(instance.exports).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const number of [0, 1, 77]) {
      for (const [name, value] of exports) {
        if (typeof value !== 'function') continue;
        const result = call(value, number);
        lines.push(`${name} ${result}`);
        calls += result !== 'trap' && result !== 'not callable';
      }
    }
    for (const [name, value] of exports) {
      if (value instanceof WebAssembly.Global) {
        let shown = 'v128';
        try { shown = show(value.value); } catch {}
        lines.push(`${name} ${shown}`);
      }
      if (value instanceof WebAssembly.Memory) lines.push(`${name} ${createHash('sha256').update(new Uint8Array(value.buffer)).digest('hex')}`);
      if (value instanceof WebAssembly.Table) lines.push(`${name} ${value.length}`);
    }
  } catch (error) {
    lines.push(`${error.constructor.name}`);
  }
  const exhausted = lines.some((line) => line.endsWith(' exhausted'));
  console.log(exhausted ? 'exhausted' : `${calls} ${createHash('sha256').update(lines.join('\n')).digest('hex')}`);
}
