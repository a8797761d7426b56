
// The conversation.

const message = $("message");
const log = $("log");
const scroll = $("scroll");
let session = "";
// Stops the answer that is arriving, if there is one.
let stopper = null;

// Except on devices where it would open a keyboard that covers half of the screen.
function focusMessage() {
  if (matchMedia("(pointer: fine)").matches) message.focus();
}

function announce(text) {
  $("status").textContent = text;
}

function article(role, text) {
  const made = element("article", { class: role }, element("span", { class: "hidden" }, role === "user" ? "You: " : "Answer: "));
  const body = element("div");
  made.append(body);
  if (role === "user") body.textContent = text;
  else show(body, text);
  log.append(made);
  $("greeting").hidden = true;
  return body;
}

function note(text, kind, retry) {
  const made = element("div", { class: `note ${kind}`, ...(kind === "error" ? { role: "alert" } : {}) }, element("span", {}, text));
  if (retry) {
    const button = element("button", { type: "button", id: "retry" }, "Try again");
    button.addEventListener("click", () => { made.remove(); retry(); });
    made.append(button);
  }
  log.append(made);
  toEnd();
}

// Scrolls to new text, unless the reader has scrolled away.
const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
const toEnd = () => { scroll.scrollTop = scroll.scrollHeight; };
scroll.addEventListener("scroll", () => { $("latest").hidden = atEnd(); }, { passive: true });
$("latest").addEventListener("click", () => { toEnd(); focusMessage(); });

// Runs `work`. Asks for the token if it is missing, and shows other errors.
async function guarded(work, retry) {
  try {
    return await work();
  } catch (error) {
    if (error.status === 401) askToken(token.get() ? "This is not the gateway’s token." : "", retry ?? begin);
    else note(error.message, "error", retry);
  }
}

async function openSession(id) {
  stopper?.abort();
  session = id;
  nameSession(id);
  drawer(false);
  await guarded(async () => {
    const messages = (await listSessions()) ? await readSession(id) : [];
    if (session !== id) return;
    clear();
    for (const { role, content, incomplete } of messages) {
      article(role, content);
      if (incomplete) note("This answer is incomplete.", "quiet");
    }
    toEnd();
  }, () => openSession(id));
  focusMessage();
}

function clear() {
  log.replaceChildren();
  $("greeting").hidden = false;
  $("latest").hidden = true;
}

function startNew() {
  stopper?.abort();
  session = newSession();
  nameSession(session);
  clear();
  drawer(false);
  $("sessions").querySelector("[aria-current]")?.removeAttribute("aria-current");
  focusMessage();
}

function busy(controller) {
  stopper = controller;
  $("stop").hidden = !controller;
  $("send").hidden = Boolean(controller);
  log.setAttribute("aria-busy", String(Boolean(controller)));
}

function submit() {
  const content = message.value;
  if (stopper || !content.trim()) return;
  // A new message comes after earlier errors.
  $("retry")?.remove();
  message.value = "";
  fit();
  article("user", content);
  answer(content);
}

async function answer(content) {
  const controller = new AbortController();
  const body = article("assistant", "");
  body.append(element("div", { class: "waiting", "aria-hidden": "true" }, element("i"), element("i"), element("i")));
  busy(controller);
  toEnd();
  announce("Waiting for the answer");
  let text = "";
  let frame = 0;
  const draw = () => {
    frame = 0;
    const follow = atEnd();
    if (!body.blocks) body.replaceChildren();
    show(body, text);
    if (follow) toEnd();
  };
  const piece = (more) => {
    text += more;
    frame ||= requestAnimationFrame(draw);
  };
  let failure = null;
  let kept = null;
  try {
    kept = await say(session, content, controller.signal, piece);
  } catch (error) {
    failure = error;
    kept = error.kept;
  }
  cancelAnimationFrame(frame);
  if (stopper === controller) busy(null);
  // Nothing more is shown of an answer that was left for another conversation.
  if (!body.isConnected) return;
  if (text) draw();
  else body.parentElement.remove();
  if (kept?.stored === false) note(UNSTORED[kept.reason] ?? UNSTORED.storage, "quiet");
  finish(content, text, failure);
}

const UNSTORED = {
  disk_full: "This answer is not stored: the gateway’s disk is full.",
  deleted: "This answer is not stored: the conversation was deleted meanwhile.",
  shutting_down: "This answer is not stored: the gateway was shutting down.",
  storage: "This answer is not stored, see the gateway’s log.",
};

function finish(content, text, failure) {
  if (!failure) {
    announce("The answer is complete");
  } else if (failure.name === "AbortError") {
    note(text ? "You stopped this answer." : "You stopped it before an answer came.", "quiet");
    announce("Stopped");
  } else if (failure.status === 401) {
    askToken(token.get() ? "This is not the gateway’s token." : "", () => answer(content));
  } else {
    note(failure.message, "error", () => answer(content));
  }
  // A stopped answer is stored a moment later.
  setTimeout(() => listSessions().catch(() => {}), failure ? 300 : 0);
}

// The token.

let afterToken = null;

function askToken(problem, then) {
  afterToken = then;
  $("token-error").textContent = problem;
  $("token").setAttribute("aria-invalid", String(Boolean(problem)));
  if (!$("token-dialog").open) $("token-dialog").showModal();
  $("token").select();
  $("token").focus();
}

$("token-dialog").addEventListener("cancel", (event) => event.preventDefault());
$("token-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const offered = $("token").value.trim();
  try {
    await get("/v1/models", { bearer: offered });
  } catch (error) {
    askToken(error.status === 401 ? "This is not the gateway’s token." : error.message, afterToken);
    return;
  }
  token.set(offered);
  $("token").value = "";
  $("token-dialog").close();
  await loadModel();
  afterToken();
});

// The composer.

function fit() {
  message.style.height = "auto";
  message.style.height = `${message.scrollHeight}px`;
  $("send").disabled = !message.value.trim();
}

message.addEventListener("input", fit);
message.addEventListener("keydown", (event) => {
  // While a text is being composed, Enter selects a word.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});
$("composer").addEventListener("submit", (event) => { event.preventDefault(); submit(); focusMessage(); });
$("stop").addEventListener("click", () => { stopper?.abort(); focusMessage(); });
$("new").addEventListener("click", startNew);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || $("token-dialog").open) return;
  if (sidebar.classList.contains("shown")) drawer(false);
  else stopper?.abort();
});
addEventListener("hashchange", () => {
  const id = namedSession();
  if (id && id !== session) openSession(id);
});

async function loadModel() {
  const { data } = await get("/v1/models");
  $("model").textContent = data[0]?.id ?? "";
}

async function begin() {
  await guarded(async () => {
    await loadModel();
    const id = namedSession();
    if (id) return openSession(id);
    startNew();
    await listSessions();
  }, begin);
}

begin();
