
// The list of conversations at the side.

const SESSION = "clawft.session";
const sidebar = $("sidebar");

function newSession() {
  const random = [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const time = new Date().toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  return `web-${time}-${random}`;
}

// Returns the decoded part of the address after the number sign; nothing if it is not text, as in
// "#%E0%A4%A".
function fragment() {
  try { return decodeURIComponent(location.hash.slice(1)); } catch { return ""; }
}

// The address names the session, so that a reload and a bookmark find it; the tab remembers it as well.
function namedSession() {
  const id = fragment() || store.get(() => sessionStorage, SESSION);
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(id) ? id : "";
}

function nameSession(id) {
  store.set(() => sessionStorage, SESSION, id);
  if (location.hash.slice(1) !== id) history.replaceState(null, "", `#${id}`);
}

// The gateway lists the newest ones only.
const LISTED = 100;

// Returns whether the open session can be read: a new session without messages does not exist yet.
async function listSessions() {
  const { data } = await get("/v1/sessions");
  $("sessions").replaceChildren(...data.map(sessionItem));
  $("no-sessions").hidden = data.length > 0;
  return data.length >= LISTED || data.some(({ id }) => id === session);
}

async function readSession(id) {
  try {
    return (await get(`/v1/sessions/${encodeURIComponent(id)}`)).messages;
  } catch (error) {
    if (error.status === 404) return [];
    throw error;
  }
}

function sessionItem({ id, title }) {
  const name = title || id;
  const open = element("button", { type: "button", class: "open", title: name, "data-session": id }, name);
  if (id === session) open.setAttribute("aria-current", "true");
  open.addEventListener("click", () => openSession(id));
  return element("li", {}, open, removeButton(id, name));
}

// The first press asks, the second one removes.
function removeButton(id, name) {
  const button = element("button", { type: "button", class: "remove", "aria-label": `Delete “${name}”` });
  const icon = $("new").querySelector("svg").cloneNode(true);
  icon.firstChild.setAttribute("d", "M6 6l12 12M18 6L6 18");
  const reset = () => {
    button.classList.remove("sure");
    button.replaceChildren(icon);
    button.setAttribute("aria-label", `Delete “${name}”`);
  };
  reset();
  button.addEventListener("blur", reset);
  button.addEventListener("click", async () => {
    if (!button.classList.contains("sure")) {
      button.classList.add("sure");
      button.replaceChildren("Delete");
      button.setAttribute("aria-label", `Really delete “${name}”`);
      return;
    }
    await guarded(async () => {
      await call("DELETE", `/v1/sessions/${encodeURIComponent(id)}`);
      announce("Deleted");
      if (id === session) startNew();
      else focusMessage();
      await listSessions();
    });
  });
  return button;
}

// On a narrow screen the list is a drawer.
function drawer(open) {
  if (open === sidebar.classList.contains("shown")) return;
  sidebar.classList.toggle("shown", open);
  $("scrim").hidden = !open;
  $("menu").setAttribute("aria-expanded", String(open));
  for (const covered of document.querySelectorAll("header, main")) covered.inert = open;
  if (open) (sidebar.querySelector("button") ?? $("menu")).focus();
  else $("menu").focus();
}

$("menu").addEventListener("click", () => drawer(!sidebar.classList.contains("shown")));
$("scrim").addEventListener("click", () => drawer(false));
