// Rust with wasm-bindgen.
import { get_encoding } from 'tiktoken';

const encoding = get_encoding('cl100k_base');
const tokens = encoding.encode('Hello, Wörld! 你好 <|endoftext|> 12345', 'all');
console.log([...tokens].join(), new TextDecoder().decode(encoding.decode(tokens)));
