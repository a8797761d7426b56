// A host in a page: the component runs in the browser, and waits through WebAssembly's JSPI.

import { _setPreopens } from "@bytecodealliance/preview2-shim/filesystem";
import { ask, explain } from "./agent.mjs";

// Sessions are kept in memory as long as the page is open.
_setPreopens({ "/config": { dir: { sessions: { dir: {} } } } });
const { turns } = await import("./agent/clawft.js");

// The server of this page passes requests on to the provider, and adds the key: it is never in the browser.
const configuration = JSON.stringify({
  agents: { model: "gpt-4o-mini" },
  providers: { providers: { openai: { api_base: `${location.origin}/provider`, retries: 0 } } },
});

const [form, message, answer, status] = ["form", "message", "answer", "status"].map((id) =>
  document.getElementById(id),
);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  answer.textContent = "";
  status.textContent = "asking";
  try {
    const end = await ask(turns, message.value, {
      configuration,
      print: (text) => answer.append(text),
      warn: (text) => console.warn(text),
    });
    status.textContent = `${end.finish}, ${end.usage?.totalTokens} tokens, stored: ${end.stored}`;
  } catch (error) {
    status.textContent = `error: ${explain(error)}`;
  }
});
status.textContent = "ready";
