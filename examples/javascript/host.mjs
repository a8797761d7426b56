// A host in Node.js that embeds clawft:
//
//     jco transpile clawft.wasm -o agent --name clawft
//     node host.mjs agent/clawft.js CONFIG_DIRECTORY MESSAGE

import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { _setEnv } from "@bytecodealliance/preview2-shim/cli";
import { _setPreopens } from "@bytecodealliance/preview2-shim/filesystem";
import { ask, explain } from "./agent.mjs";

const [component, directory, message] = process.argv.slice(2);
if (message === undefined) {
  console.error("usage: node host.mjs agent/clawft.js CONFIG_DIRECTORY MESSAGE");
  process.exit(2);
}
if (!existsSync(directory)) {
  console.error(`error: the directory of the configuration, \`${directory}\`, does not exist`);
  process.exit(1);
}

// The component gets a directory and a variable for the key. They are set before it is loaded.
_setPreopens({ "/config": realpathSync(directory) });
_setEnv({ CLAWFT_KEY: process.env.CLAWFT_KEY ?? "" });
const { turns } = await import(pathToFileURL(resolve(component)));

try {
  const end = await ask(turns, message, {
    print: (text) => process.stdout.write(text),
    warn: (text) => console.error(text),
  });
  console.log();
  console.error(end.finish, end.usage, end.session, end.stored);
} catch (error) {
  console.error(`error: ${explain(error)}`);
  process.exitCode = 1;
}
