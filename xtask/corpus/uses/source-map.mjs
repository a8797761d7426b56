// Rust without wasm-bindgen.
import { SourceMapConsumer, SourceMapGenerator } from 'source-map';

const generator = new SourceMapGenerator({ file: 'out.js' });
for (let i = 0; i < 200; i++) {
  generator.addMapping({
    generated: { line: 1 + (i % 20), column: (i * 7) % 90 },
    original: { line: 1 + i, column: i % 5 },
    source: `s${i % 3}.js`,
    name: `n${i % 11}`,
  });
}
await SourceMapConsumer.with(generator.toString(), null, (consumer) => {
  let text = '';
  consumer.eachMapping((it) => (text += `${it.generatedLine}:${it.generatedColumn}=${it.source}:${it.originalLine},${it.name} `));
  console.log(text);
  console.log(JSON.stringify(consumer.originalPositionFor({ line: 3, column: 40 })));
  console.log(JSON.stringify(consumer.allGeneratedPositionsFor({ source: 's1.js', line: 2 })));
});
