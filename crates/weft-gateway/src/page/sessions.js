// The list of conversations at the side.

import { $, announce, download, element, focusMessage, iconButton } from "./dom.js";
import { call, get, sessionPath } from "./api.js";
import { showError } from "./errors.js";
import { openedSession } from "./conversation.js";
import { drawer } from "./drawer.js";

const actions = { open: () => {}, begin: () => {} };

// Sets the functions that open a conversation and begin a new one.
export function onChoose(open, begin) {
  Object.assign(actions, { open, begin });
}

// The milliseconds after the last key, after which the gateway searches.
const PAUSE = 200;

let known = [];
// The result of a search in the texts, and the request for it; nothing before it is there.
let found = null;
let searching = null;
// The conversation that the menu is about.
let chosen = null;

// Reads the list again.
export async function listSessions() {
  // A session without messages is one whose first message is being sent again.
  known = (await get("/v1/sessions")).data.filter(({ messages }) => messages > 0);
  if (wanted()) await search();
  else show();
}

const wanted = () => $("search").value.trim();

// Shows the list, or what is found. Titles are searched at once.
function show() {
  const words = wanted().toLowerCase().split(/\s+/).filter(Boolean);
  const titled = ({ id, title }) => words.every((word) => (title || id).toLowerCase().includes(word));
  const shown = found ?? known.filter(titled);
  $("sessions").replaceChildren(...shown.map((session) => item(session, words)));
  $("no-sessions").hidden = shown.length > 0;
  $("no-sessions").textContent = searching ? "Searching…" : words.length > 0 ? "Nothing is found." : "Your conversations are kept here.";
}

// Searches the texts of all conversations.
async function search() {
  searching?.abort();
  const { signal } = (searching = new AbortController());
  try {
    const { data } = await get(`/v1/sessions?search=${encodeURIComponent(wanted())}`, { signal });
    if (signal.aborted) return;
    found = data;
    announce(`${found.length} found`);
  } catch (error) {
    // Without the gateway, the titles are all there is.
    if (error.name === "AbortError") return;
  }
  searching = null;
  show();
}

let pause = 0;
$("search").addEventListener("input", () => {
  clearTimeout(pause);
  searching?.abort();
  searching = null;
  found = null;
  if (wanted()) {
    searching = new AbortController();
    pause = setTimeout(search, PAUSE);
  }
  show();
});
$("search").addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !$("search").value) return;
  event.preventDefault();
  event.stopPropagation();
  $("search").value = "";
  $("search").dispatchEvent(new Event("input"));
});

function item(session, words) {
  const name = session.title || session.id;
  const open = element("button", { type: "button", class: "open", title: name, "data-session": session.id },
    element("span", { class: "name" }, name),
    ...(session.excerpt ? [element("span", { class: "excerpt" }, ...marked(session.excerpt, words))] : []));
  if (session.id === openedSession()) open.setAttribute("aria-current", "true");
  open.addEventListener("click", () => actions.open(session.id));
  const menu = iconButton("more", `Actions for “${name}”`, (button) => openMenu(session, button));
  menu.setAttribute("aria-haspopup", "true");
  return element("li", {}, open, menu);
}

// Returns a text with its words marked.
function marked(text, words) {
  const escaped = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|\/]/g, "\\$&"));
  const parts = text.split(new RegExp(`(${escaped.join("|")})`, "iu"));
  return parts.map((part, index) => (index % 2 ? element("mark", {}, part) : part));
}

// Marks the open conversation.
export function markOpen() {
  for (const open of $("sessions").querySelectorAll(".open")) {
    if (open.dataset.session === openedSession()) open.setAttribute("aria-current", "true");
    else open.removeAttribute("aria-current");
  }
}

// The menu of a conversation.

const menu = $("session-menu");

function openMenu(session, button) {
  chosen = { ...session, item: button.closest("li"), button };
  $("delete").textContent = "Delete";
  menu.showPopover();
  const place = button.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(place.left, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${Math.min(place.bottom + 4, innerHeight - menu.offsetHeight - 8)}px`;
  $("rename").focus();
}

async function attempt(work) {
  menu.hidePopover();
  drawer(false);
  try {
    await work();
  } catch (error) {
    showError(error);
  }
}

$("rename").addEventListener("click", () => {
  menu.hidePopover();
  const { id, title, item } = chosen;
  const field = element("input", { type: "text", "aria-label": "Title", maxlength: "80" });
  field.value = title || id;
  const form = element("form", { class: "rename" }, field);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      await call("PATCH", sessionPath(id), { body: { title: field.value.trim() } });
      announce("Renamed");
      await listSessions();
    });
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    show();
  });
  item.replaceChildren(form);
  field.select();
  field.focus();
});

$("export").addEventListener("click", () => attempt(async () => {
  const { id, title } = chosen;
  const { messages } = await get(sessionPath(id));
  download(`${id}.md`, "text/markdown", written(title || id, messages));
}));

// Returns a conversation as Markdown.
function written(title, messages) {
  const names = { user: "You", assistant: "Answer", tool: "Result of a tool" };
  const parts = messages
    .filter(({ content }) => content)
    .map(({ role, content }) => `## ${names[role] ?? role}\n\n${content.trim()}\n`);
  return [`# ${title}\n`, ...parts].join("\n");
}

// The first press asks, the second one deletes.
$("delete").addEventListener("click", () => {
  if ($("delete").textContent === "Delete") {
    $("delete").textContent = "Really delete?";
    return;
  }
  attempt(async () => {
    const { id } = chosen;
    await call("DELETE", sessionPath(id));
    announce("Deleted");
    if (id === openedSession()) actions.begin();
    else focusMessage();
    await listSessions();
  });
});
