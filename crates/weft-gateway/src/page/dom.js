// Elements of the page.

export const $ = (id) => document.getElementById(id);

// Makes an element. All text is inserted as text: no part of it can become markup.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

// Returns a copy of an icon of the page, which needs a name beside it.
export function icon(name) {
  return $("icons").content.querySelector(`[data-icon="${name}"]`).cloneNode(true);
}

// Makes a button that shows an icon and is named `label`.
export function iconButton(name, label, action) {
  const made = element("button", { type: "button", class: "icon small", "aria-label": label, title: label }, icon(name));
  made.addEventListener("click", () => action(made));
  return made;
}

// Makes a button with a text.
export function textButton(label, action, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", () => action(made));
  return made;
}

// Tells users of screen readers.
export function announce(text) {
  $("status").textContent = text;
}

// Copies `text`, and shows the result on the button for a moment.
export async function copy(text, button) {
  const before = [...button.childNodes];
  let copied = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copied = false;
  }
  const result = copied ? "Copied" : "Not allowed";
  button.replaceChildren(button.classList.contains("icon") ? icon(copied ? "check" : "close") : result);
  announce(result);
  setTimeout(() => button.replaceChildren(...before), 1600);
}

// Saves `text` as a file of the user.
export function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

// Except on devices where it would open a keyboard that covers half of the screen.
export function focusMessage() {
  if (matchMedia("(pointer: fine)").matches) $("message").focus();
}
