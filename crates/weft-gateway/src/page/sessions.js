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

let known = [];
// The conversation that the menu is about.
let chosen = null;

// Reads the list again.
export async function listSessions() {
  // A session without messages is one whose first message is being sent again.
  known = (await get("/v1/sessions")).data.filter(({ messages }) => messages > 0);
  show();
}

function show() {
  const wanted = $("search").value.trim().toLowerCase();
  const shown = known.filter(({ id, title }) => (title || id).toLowerCase().includes(wanted));
  $("sessions").replaceChildren(...shown.map(item));
  $("no-sessions").hidden = shown.length > 0;
  $("no-sessions").textContent = wanted ? "No conversation has this in its title." : "Your conversations are kept here.";
}

$("search").addEventListener("input", show);

function item(session) {
  const name = session.title || session.id;
  const open = element("button", { type: "button", class: "open", title: name, "data-session": session.id }, name);
  if (session.id === openedSession()) open.setAttribute("aria-current", "true");
  open.addEventListener("click", () => actions.open(session.id));
  const menu = iconButton("more", `Actions for “${name}”`, (button) => openMenu(session, button));
  menu.setAttribute("aria-haspopup", "true");
  return element("li", {}, open, menu);
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
