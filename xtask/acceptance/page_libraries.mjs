// Bundles the libraries of the gateway's page, each into one module without dependencies, and describes them:
//
//   node page_libraries.mjs PACKAGES DIRECTORY
//
// PACKAGES is the directory with `node_modules` of `xtask/data/node/page`. DIRECTORY receives a module for each entry
// below, and `libraries.json` with the packages in them, their licences, and the checksums of the modules. Equal
// packages give equal bytes.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [packages, directory] = process.argv.slice(2);
const { build, transform } = createRequire(join(packages, "package.json"))("esbuild");

const ENTRIES = {
  "highlight.js": `export { default } from "highlight.js/lib/common";`,
  "markdown.js": `
    export { default as MarkdownIt } from "markdown-it";
    export { default as footnote } from "markdown-it-footnote";
    export { tasklist } from "@mdit/plugin-tasklist";
    export { tex } from "@mdit/plugin-tex";`,
  "math.js": `export { default } from "temml";`,
};

// Returns the name of the package that a file belongs to.
function packageOf(path) {
  return path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/)?.[1];
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

function describe(name) {
  const root = join(packages, "node_modules", name);
  const { version, license, repository } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const file = readdirSync(root).find((file) => /^licen[cs]e/i.test(file));
  const source = (repository.url ?? repository).replace(/^(git\+)?[a-z]+:\/\/|^github:/, "").replace(/\.git$/, "");
  return {
    name,
    version,
    licence: license,
    source: `https://${source.startsWith("github.com/") ? "" : "github.com/"}${source}`,
    text: readFileSync(join(root, file), "utf8").replaceAll("\r\n", "\n"),
  };
}

const modules = {};
const used = new Set();
for (const [name, contents] of Object.entries(ENTRIES)) {
  const { outputFiles: [{ contents: bytes }], metafile } = await build({
    stdin: { contents, resolveDir: packages },
    absWorkingDir: packages,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    write: false,
    metafile: true,
  });
  writeFileSync(join(directory, name), bytes);
  modules[name] = sha256(bytes);
  for (const path of Object.keys(metafile.inputs)) {
    const found = packageOf(path);
    if (found) used.add(found);
  }
}
// The styles of formulas, without their font: systems have one.
const styles = readFileSync(join(packages, "node_modules/temml/dist/Temml-Local.css"), "utf8");
const { code } = await transform(styles.replace(/@font-face \{[^}]*\}/, ""), { loader: "css", minify: true });
writeFileSync(join(directory, "math.css"), code);
modules["math.css"] = sha256(code);

const libraries = { modules, packages: [...used].sort().map(describe) };
writeFileSync(join(directory, "libraries.json"), `${JSON.stringify(libraries, null, 2)}\n`);
