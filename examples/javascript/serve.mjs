// The server of the page: files, and requests that it passes on to the provider with the key.
//
//     node serve.mjs AGENT_DIRECTORY PROVIDER_BASE [PORT]

import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const [agent, provider, port = "0"] = process.argv.slice(2);
const shim = dirname(fileURLToPath(import.meta.resolve("@bytecodealliance/preview2-shim"))).replace("nodejs", "browser");
const here = dirname(fileURLToPath(import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** Returns the file of a path. */
function file(path) {
  for (const [prefix, directory] of [["/agent/", agent], ["/shim/", shim]]) {
    if (path.startsWith(prefix)) return join(directory, normalize(`/${path.slice(prefix.length)}`));
  }
  return join(here, path === "/" ? "index.html" : normalize(path));
}

/** Passes a request on, and the answer back as it arrives. */
async function forward(request, response) {
  const answer = await fetch(provider + request.url.slice("/provider".length), {
    method: request.method,
    headers: {
      "content-type": request.headers["content-type"] ?? "application/json",
      authorization: `Bearer ${process.env.CLAWFT_KEY}`,
    },
    body: request,
    duplex: "half",
  });
  response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
  Readable.fromWeb(answer.body).pipe(response);
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname.startsWith("/provider/")) {
    forward(request, response).catch((error) => response.writeHead(502).end(String(error)));
    return;
  }
  const path = file(pathname);
  const content = createReadStream(path);
  content.on("open", () => {
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" });
    content.pipe(response);
  });
  content.on("error", () => response.writeHead(404).end());
});
server.listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
