// The Opus codec in C by Emscripten.
import OpusScript from 'opusscript';
import { createHash } from 'node:crypto';

const codec = new OpusScript(48000, 2, OpusScript.Application.AUDIO);
const samples = new Int16Array(1920).map((_, i) => Math.round(9000 * Math.sin(i / 17)));
const packet = codec.encode(Buffer.from(samples.buffer), 960);
const decoded = codec.decode(packet);
console.log(packet.length, createHash('sha256').update(packet).update(decoded).digest('hex'));
codec.delete();
