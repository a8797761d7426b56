// Common code of the clients for Node.js: `use_CLIENT.mjs URL LOG LABEL PACKAGE` tries each use of a library through
// the gateway at URL. It prints a line of JSON with the version of the PACKAGE, and one for each use. LOG holds the
// requests that the provider received, ours under LABEL. Libraries are found in the directory of the variable CLIENTS.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { deepStrictEqual } from "node:assert";

const [URL_OF_GATEWAY, LOG, LABEL, PACKAGE] = process.argv.slice(2);
export const BASE = `${URL_OF_GATEWAY}/v1`;
export const KEY = "unused";

// A model that is passed on in OpenAI's dialect, one that shows its reasoning, and one that is translated.
export const [ECHO, REASON, CLAUDE] = ["echo", "reason", "claude"];

export const MESSAGES = [{ role: "user", content: "hi" }];
export const PARAMETERS = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
export const TOOLS = [{ type: "function", function: { name: "get_weather", parameters: PARAMETERS } }];
export const ARGUMENTS = { city: "Paris" };

// An image of one pixel.
export const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

// Loads a library from the pinned packages.
export async function load(name) {
  const require = createRequire(join(process.env.CLIENTS, "package.json"));
  return import(pathToFileURL(require.resolve(name)));
}

// Tries a function; it works if it throws nothing.
export async function use(name, tried) {
  const line = { use: name, works: true };
  try {
    await tried();
  } catch (error) {
    console.error(error);
    line.works = false;
    line.error = `${error.name}: ${error.message}`.split(/\s+/).join(" ").slice(0, 500);
  }
  console.log(JSON.stringify(line));
}

export function same(what, found, expected) {
  deepStrictEqual(found, expected, `${what} is ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
}

// Returns the body of the last request that the provider received from this client.
export function received() {
  const lines = readFileSync(LOG, "utf8").split("\n").slice(0, -1);
  const ours = lines.filter((line) => line.slice(0, 500).includes(`/${LABEL}/`)).map((line) => JSON.parse(line));
  return JSON.parse(ours.filter((request) => request.method === "POST").at(-1).body);
}

const manifest = join(process.env.CLIENTS, "node_modules", PACKAGE, "package.json");
console.log(JSON.stringify({ version: JSON.parse(readFileSync(manifest, "utf8")).version }));
