// The page: opens conversations, by their addresses and by choice.

import { $, focusMessage } from "./dom.js";
import { tab } from "./storage.js";
import { showError } from "./errors.js";
import { catchUp, leaveFor, load, onChange, openedSession, stopAnswer } from "./conversation.js";
import { listSessions, markOpen, onChoose } from "./sessions.js";
import { applyTheme, loadModels } from "./settings.js";
import { askToken, refused } from "./token.js";
import { drawer, isDrawn } from "./drawer.js";
import { fit } from "./composer.js";

const SESSION = "clawft.session";

function newName() {
  const random = [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const time = new Date().toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  return `web-${time}-${random}`;
}

// Returns the decoded part of the address after the number sign; nothing if it is not text, as in "#%E0%A4%A".
function fragment() {
  try { return decodeURIComponent(location.hash.slice(1)); } catch { return ""; }
}

// The address names the session, so that a reload, a bookmark and the back button find it. The tab remembers it too.
function namedSession() {
  const id = fragment() || tab.get(SESSION);
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(id) ? id : "";
}

function name(id, { replace }) {
  tab.set(SESSION, id);
  if (location.hash.slice(1) === id) return;
  if (replace) history.replaceState(null, "", `#${id}`);
  else history.pushState(null, "", `#${id}`);
}

// Asks for the token if it is missing, and shows other errors.
async function guarded(work, retry) {
  try {
    await work();
  } catch (error) {
    if (error.status === 401) askToken(refused(), () => { begin(); });
    else if (error.name !== "AbortError") showError(error, retry);
  }
}

async function open(id, { replace = false } = {}) {
  leaveFor(id);
  name(id, { replace });
  drawer(false);
  markOpen();
  focusMessage();
  await guarded(() => load(id), () => open(id));
}

function startNew({ replace = false } = {}) {
  const id = newName();
  leaveFor(id);
  name(id, { replace });
  drawer(false);
  markOpen();
  focusMessage();
}

function begin() {
  const id = namedSession();
  if (id) open(id, { replace: true });
  else startNew({ replace: true });
  // Only one request asks for the token.
  guarded(async () => {
    await listSessions();
    await loadModels();
  }, begin);
}

function opened() {
  const id = namedSession();
  if (id && id !== openedSession()) open(id, { replace: true });
}

addEventListener("popstate", opened);
addEventListener("hashchange", opened);
$("new").addEventListener("click", () => startNew());
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open], :popover-open")) return;
  if (isDrawn()) drawer(false);
  else stopAnswer();
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") Promise.all([listSessions(), catchUp()]).catch(() => {});
});

onChoose(open, startNew);
onChange(() => listSessions().catch(() => {}));
applyTheme();
fit();
begin();
