// The gateway's API.

import { token } from "./storage.js";

// A request that failed: `status` is 0 if the gateway was not reached, and `code` and `message` are the gateway's.
export class Failure extends Error {
  constructor(message, { status, code = "", kept = null, retryAfter = "" }) {
    super(message);
    Object.assign(this, { status, code, kept, retryAfter });
  }
}

export async function call(method, path, { body, signal, headers = {}, bearer = token.get() } = {}) {
  if (bearer) headers.authorization = `Bearer ${bearer}`;
  if (body) headers["content-type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, signal, body: body && JSON.stringify(body), cache: "no-store", credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(error.message, { status: 0, code: "unreachable" });
  }
  if (response.ok) return response;
  const told = (await response.json().catch(() => null))?.error;
  throw new Failure(told?.message ?? response.statusText, {
    status: response.status,
    code: told?.code ?? "",
    retryAfter: response.headers.get("retry-after") ?? "",
  });
}

export const get = async (path, options) => (await call("GET", path, options)).json();

export const sessionPath = (id) => `/v1/sessions/${encodeURIComponent(id)}`;

// Asks in a session. The answer goes on without this page, so that a reload can join it. `receive` gets each part of
// the answer: `{text}`, `{reasoning}`, `{usage}`, or `{event}` about tools. With `keep` the answer takes the place of
// the messages after the first ones. Returns whether the turn is stored, such as `{stored: false, reason:
// "disk_full"}`.
export async function ask(session, body, { keep, signal, receive }) {
  const headers = { "x-clawft-session": session, "x-clawft-detached": "true", "x-clawft-events": "true" };
  if (keep !== undefined) headers["x-clawft-keep"] = String(keep);
  const options = { body: { ...body, stream: true, stream_options: { include_usage: true } }, signal, headers };
  return read(await call("POST", "/v1/chat/completions", options), receive);
}

// Joins the running answer of a session: it comes from its beginning.
export async function join(session, signal, receive) {
  return read(await call("GET", `${sessionPath(session)}/answer`, { signal }), receive);
}

// Stops the running answer of a session. The part that arrived is stored.
export async function stop(session) {
  await call("DELETE", `${sessionPath(session)}/answer`).catch(() => {});
}

// Answers a question about a call of a tool.
export async function decide(session, question, allow) {
  await call("POST", `${sessionPath(session)}/answer`, { body: { question, allow } });
}

async function read(response, receive) {
  let done = false;
  let kept = null;
  for await (const data of events(response.body)) {
    if (data === "[DONE]") {
      done = true;
      continue;
    }
    const event = JSON.parse(data);
    if (event.clawft?.event) receive({ event: event.clawft });
    else kept = event.clawft ?? kept;
    if (event.error) throw new Failure(event.error.message, { status: 200, code: event.error.code ?? "", kept });
    const delta = event.choices?.[0]?.delta ?? {};
    if (delta.reasoning_content) receive({ reasoning: delta.reasoning_content });
    if (delta.content) receive({ text: delta.content });
    if (event.usage) receive({ usage: event.usage });
  }
  if (!done) throw new Failure("the stream has no end", { status: 200, code: "incomplete", kept });
  return kept;
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((error) => {
        if (error.name === "AbortError") throw error;
        throw new Failure(error.message, { status: 200, code: "connection" });
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
