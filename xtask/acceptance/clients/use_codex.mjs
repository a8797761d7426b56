// Codex, OpenAI's command. It asks the gateway only, and has a home directory of its own.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { BASE, ECHO, KEY, received, same, use } from "./uses.mjs";

const home = mkdtempSync(join(process.cwd(), "codex-"));
const files = join(home, "files");
mkdirSync(files);
writeFileSync(
  join(home, "config.toml"),
  `model_provider = "weft"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.weft]
name = "weft"
base_url = "${BASE}"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
`,
);

// Runs the command, and returns what it prints.
function codex(...args) {
  const program = join(process.env.CLIENTS, "node_modules/.bin/codex");
  const env = { ...process.env, HOME: home, CODEX_HOME: home, OPENAI_API_KEY: KEY };
  const words = ["exec", "--skip-git-repo-check", "--cd", files, ...args];
  const done = spawnSync(program, words, { env, encoding: "utf8", timeout: 120_000, stdio: ["ignore", "pipe", "pipe"] });
  if (done.status !== 0) throw new Error(`codex ended with ${done.status}: ${done.stderr}${done.stdout}`.slice(-400));
  return done.stdout.trim();
}

await use("`codex exec`, streamed", async () => {
  same("the answer", codex("--model", "plain", "say hello").split("\n").at(-1), "echo: say hello");
  same("the request", received().stream, true);
});

await use("a command of the model is run, and its output sent back", async () => {
  const answer = codex("--model", ECHO, "say hello");
  same("the answer", answer.includes("Paris: not found"), true);
  same("the last message", received().messages.at(-1).role, "tool");
});

await use("`codex exec resume`", async () => {
  codex("--model", "plain", "say one");
  const answer = codex("resume", "--last", "--model", "plain", "say two");
  same("the answer", answer.split("\n").at(-1), "echo: say two");
  const said = JSON.stringify(received().messages);
  same("the earlier turn", said.includes("say one") && said.includes("echo: say one"), true);
});
