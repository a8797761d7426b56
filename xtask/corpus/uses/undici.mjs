// The HTTP parser llhttp in C, inside JavaScript as base64.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { request } from 'undici';

const server = createServer((_, response) => {
  response.setHeader('Trailer', 'sum');
  response.write('one,');
  response.addTrailers({ sum: '3' });
  response.end('two');
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { statusCode, headers, body, trailers } = await request(`http://127.0.0.1:${server.address().port}/`);
console.log(statusCode, headers['transfer-encoding'], await body.text(), JSON.stringify(trailers));
server.close();
process.exit(0);
