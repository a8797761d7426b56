// A large C program by Emscripten, in two packages.
import { Graphviz } from '@hpcc-js/wasm-graphviz';
import { instance } from '@viz-js/viz';

const dot = 'digraph { rankdir=LR; a -> b -> c [label="x y"]; subgraph cluster_1 { d; e }; b -> d; a -> e [style=dashed] }';
const viz = await instance();
console.log(viz.renderString(dot, { format: 'svg' }));
console.log(viz.renderString(dot, { format: 'plain', engine: 'neato' }));
console.log((await Graphviz.load()).layout(dot, 'json', 'fdp'));
