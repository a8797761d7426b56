// A module that was written by hand.
import xxhash from 'xxhash-wasm';

const { h32ToString, h64ToString } = await xxhash();
for (const length of [0, 3, 15, 33, 1000]) console.log(h32ToString('x'.repeat(length)), h64ToString('y'.repeat(length)));
