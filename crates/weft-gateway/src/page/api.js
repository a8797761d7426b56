
// The gateway's API.

const TOKEN = "clawft.token";

class Failure extends Error {
  constructor(message, status, kept) {
    super(message);
    this.status = status;
    this.kept = kept;
  }
}

// Storage may be forbidden; then the token is kept while the page is open.
const memory = new Map();
const store = {
  get(area, key) {
    try { return area().getItem(key) ?? memory.get(key) ?? ""; } catch { return memory.get(key) ?? ""; }
  },
  set(area, key, value) {
    memory.set(key, value);
    try { area().setItem(key, value); } catch { /* kept in memory */ }
  },
};

const token = {
  get: () => store.get(() => localStorage, TOKEN),
  set: (value) => store.set(() => localStorage, TOKEN, value),
};

async function call(method, path, { body, signal, headers = {}, bearer = token.get() } = {}) {
  if (bearer) headers.authorization = `Bearer ${bearer}`;
  if (body) headers["content-type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, signal, body: body && JSON.stringify(body), cache: "no-store", credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure("The gateway cannot be reached.", 0);
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => null);
  throw new Failure(told?.error?.message ?? `The gateway answered ${response.status}.`, response.status);
}

const get = async (path, options) => (await call("GET", path, options)).json();

// Sends `content` in the session and passes on the text of the answer while it arrives. Returns whether it is
// stored: `{stored: false, reason: "disk_full"}`.
async function say(session, content, signal, onPiece) {
  const body = { messages: [{ role: "user", content }], stream: true };
  const response = await call("POST", "/v1/chat/completions", { body, signal, headers: { "x-clawft-session": session } });
  let done = false;
  let kept = null;
  for await (const data of events(response.body)) {
    if (data === "[DONE]") { done = true; continue; }
    const event = JSON.parse(data);
    kept = event.clawft ?? kept;
    if (event.error) throw new Failure(event.error.message, 200, kept);
    const piece = event.choices?.[0]?.delta?.content;
    if (piece) onPiece(piece);
  }
  if (!done) throw new Failure("The answer broke off.", 200, kept);
  return kept;
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((error) => {
        if (error.name === "AbortError") throw error;
        throw new Failure("The connection broke.", 200);
      });
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) if (line.startsWith("data: ")) yield line.slice(6);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
