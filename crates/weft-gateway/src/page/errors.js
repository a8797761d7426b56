// Errors in a user's words, with the technical cause folded.

import { $, element, textButton } from "./dom.js";

const BY_CODE = {
  busy: "The gateway is answering too many others at the moment.",
  connection: "The connection to the gateway broke while the answer arrived.",
  incomplete: "The answer broke off before its end.",
  shutting_down: "The gateway is shutting down.",
  upstream_key_invalid: "The model’s provider refuses the gateway’s key. Correct it in the gateway’s configuration.",
  upstream_key_missing: "The gateway has no key for the model’s provider. Set it in the gateway’s configuration.",
  upstream_timeout: "The model did not answer in time.",
  upstream_unavailable: "The model’s provider cannot be reached.",
  upstream_overloaded: "The model’s provider is overloaded.",
  upstream_refused: "The model’s provider does not accept this message.",
  model_not_found: "The provider does not know this model. Choose another one above.",
  rate_limit_exceeded: "The model’s provider accepts no more requests at the moment.",
  foreign_origin: "The gateway does not answer this page under this address. Open it at the address that the gateway prints.",
};

const BY_STATUS = {
  0: "The gateway cannot be reached. Is it still running?",
  400: "The model or the gateway does not accept this message.",
  403: "You are not allowed to do this with your key.",
  404: "This does not exist any more, or the model is unknown.",
  408: "The message took too long to arrive.",
  413: "This message is too large for the gateway.",
  429: "Too many requests at the moment.",
  500: "The gateway has a problem with its files or its configuration.",
  502: "The model’s provider cannot be reached, or refused the request.",
  503: "The model’s provider is overloaded, or the gateway is shutting down.",
  504: "The model did not answer in time.",
};

// Returns the sentence about `error`.
export function explain(error) {
  const sentence = BY_CODE[error.code] ?? BY_STATUS[error.status] ?? "The answer broke off.";
  const seconds = Number(error.retryAfter);
  return seconds > 0 ? `${sentence} Try again in ${seconds} s.` : sentence;
}

// Returns the technical cause.
export function cause(error) {
  const status = error.status > 200 ? `HTTP ${error.status}` : "";
  return [status, error.code, error.message].filter(Boolean).join(" · ");
}

// Makes a note below the conversation. An error has `cause`, and `retry` if it can be tried again.
export function note(text, { kind = "quiet", cause = "", retry = null } = {}) {
  const alert = kind === "error" ? { role: "alert" } : {};
  const made = element("div", { class: `note ${kind}`, ...alert }, element("p", {}, text));
  if (retry) {
    made.append(textButton("Try again", () => {
      made.remove();
      retry();
    }, { id: "retry" }));
  }
  if (cause) made.append(element("details", {}, element("summary", {}, "Details"), element("p", {}, cause)));
  $("log").append(made);
  return made;
}

export function showError(error, retry) {
  return note(explain(error), { kind: "error", cause: cause(error), retry });
}
