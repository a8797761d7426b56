// Turns the tokens of Markdown into elements. Only the elements below exist, and a token gives them no attributes
// other than those that are set here.

import { element } from "./dom.js";
import { code } from "./code.js";
import { typeset } from "./math.js";

const PLAIN = new Set([
  "blockquote", "em", "ins", "kbd", "li", "mark", "p", "s", "small", "strong", "sub", "sup", "table", "tbody", "td", "thead",
  "tr", "u", "ul", "b", "i", "hr", "br",
]);

// Returns the elements of `tokens`. `options.heading` tells whether a heading of the first level came before,
// `options.quick` leaves code without colours, and footnotes are looked up in `options.place`.
export function render(tokens, options) {
  const root = document.createDocumentFragment();
  const open = [root];
  for (const token of tokens) {
    const parent = open.at(-1);
    if (token.nesting < 0) {
      open.pop();
    } else if (token.type === "inline") {
      parent.append(render(token.children ?? [], options));
    } else if (token.nesting > 0) {
      // A paragraph of a tight list has no element of its own.
      const { outer, inner } = token.hidden ? { outer: "", inner: parent } : container(token, options);
      parent.append(outer);
      open.push(inner);
    } else {
      parent.append(...leaf(token, options));
    }
  }
  return root;
}

const both = (made) => ({ outer: made, inner: made });

function container(token, options) {
  switch (token.type) {
    case "heading_open": return both(element(headingOf(token, options), { class: `level-${token.tag[1]}` }));
    case "ordered_list_open": return both(element("ol", { start: token.attrGet("start") ?? undefined }));
    case "bullet_list_open": return both(element("ul", { class: token.attrGet("class") ? "tasks" : undefined }));
    case "table_open": return table();
    case "th_open": return both(element("th", { scope: "col", class: alignment(token) }));
    case "td_open": return both(element("td", { class: alignment(token) }));
    case "link_open": return both(link(token.attrGet("href")));
    case "footnote_block_open": return footnotes();
    case "footnote_open": return both(element("li", { "data-footnote": token.meta.id, tabindex: "-1" }));
    default: return both(element(PLAIN.has(token.tag) ? token.tag : "span"));
  }
}

// Levels of headings never skip one below the page's own.
function headingOf({ tag }, options) {
  if (tag !== "h1" && tag !== "h2") return options.heading ? "h4" : "h3";
  options.heading = true;
  return "h3";
}

// A wide table is scrolled, also by keyboard.
function table() {
  const inner = element("table");
  return { outer: element("div", { class: "table", tabindex: "0", role: "group", "aria-label": "Table" }, inner), inner };
}

function alignment(token) {
  return token.attrGet("style")?.match(/^text-align:(center|right)$/)?.[1];
}

function footnotes() {
  const inner = element("ol");
  return { outer: element("div", { class: "footnotes", role: "group", "aria-label": "Footnotes" }, inner), inner };
}

const SCHEMES = new Set(["http:", "https:", "mailto:"]);

// Returns a link to another site, or a text if it leads anywhere else.
export function link(href) {
  let scheme = "";
  try { scheme = new URL(href).protocol; } catch { /* relative addresses lead nowhere here */ }
  if (!SCHEMES.has(scheme)) return element("span", { class: "no-link", title: scheme ? undefined : href });
  return element("a", { href, target: "_blank", rel: "noopener noreferrer" });
}

function leaf(token, options) {
  switch (token.type) {
    case "text":
    case "text_special": return [token.content];
    case "softbreak":
    case "hardbreak": return [element("br")];
    case "code_inline": return [element("code", {}, token.content)];
    case "fence": return [fence(token, options)];
    case "code_block": return [code(token.content, "", options.quick)];
    case "image": return [picture(token)];
    case "math_inline": return [typeset(token.content, false)];
    case "math_block": return [typeset(token.content, true)];
    case "checkbox_input": return [task(token.attrGet("checked") !== null)];
    case "footnote_ref": return [reference(token, options.place)];
    case "footnote_anchor": return [back(token, options.place)];
    case "hr": return [element("hr")];
    default: return [token.content];
  }
}

function fence(token, options) {
  const language = token.info.trim().split(/\s+/, 1)[0];
  const content = token.content.replace(/\n$/, "");
  if (["math", "latex-math", "katex"].includes(language)) return typeset(content, true);
  return code(content, language, options.quick);
}

// A picture that a model names is not loaded: the request would tell another site about the conversation.
function picture(token) {
  const made = link(token.attrGet("src"));
  made.append(token.content || "picture");
  made.classList.add("picture");
  return made;
}

function task(done) {
  return element("span", { class: done ? "task done" : "task", role: "img", "aria-label": done ? "Done:" : "To do:" });
}

function reference({ meta }, place) {
  const name = meta.id + 1;
  const button = element("button", { type: "button", class: "footnote", "aria-label": `Footnote ${name}`, "data-reference": meta.id }, String(name));
  button.addEventListener("click", () => place.querySelector(`[data-footnote="${meta.id}"]`)?.focus());
  return element("sup", {}, button);
}

function back({ meta }, place) {
  const button = element("button", { type: "button", class: "footnote", "aria-label": "Back to the text" }, "↩");
  button.addEventListener("click", () => place.querySelector(`[data-reference="${meta.id}"]`)?.focus());
  return button;
}
