// C++ programs for WASI, compressed in their package.
import { downsampleNode, gaussianKernelRadiusNode } from '@itk-wasm/downsample';

console.log(typeof downsampleNode, typeof gaussianKernelRadiusNode);
const { radius } = await gaussianKernelRadiusNode({ size: [64, 32], sigma: [2.0, 3.5] });
console.log(JSON.stringify(radius));
