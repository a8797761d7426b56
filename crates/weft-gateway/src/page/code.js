// Code with its language, a button that copies it, and colours.

import { copy, element } from "./dom.js";

// Longer code stays without colours, so that the page answers at once.
const LONGEST = 100_000;

let library = null;

// Returns the code as an element. The colours come as soon as the library is there.
export function code(text, language, quick) {
  const copier = element("button", { type: "button" }, "Copy");
  copier.addEventListener("click", () => copy(text, copier));
  const shown = element("code", {}, text);
  const caption = element("figcaption", {}, element("span", {}, language), copier);
  const name = language ? `Code, ${language}` : "Code";
  if (language && !quick && text.length <= LONGEST) colour(shown, text, language.toLowerCase());
  return element("figure", {}, caption, element("pre", { tabindex: "0", role: "group", "aria-label": name }, shown));
}

async function colour(shown, text, language) {
  library ??= import("./libraries/highlight.js").then((loaded) => loaded.default);
  // Without the library, after an update of the gateway, the code stays as it is.
  const highlighter = await library.catch(() => null);
  if (!highlighter?.getLanguage(language)) return;
  const { _emitter } = highlighter.highlight(text, { language, ignoreIllegals: true });
  shown.replaceChildren(...children(_emitter.rootNode));
}

// Returns the tree of the highlighter as elements.
function children(node) {
  return node.children.map((child) => {
    if (typeof child === "string") return child;
    const scope = /^[\w.-]+$/.test(child.scope ?? "") ? child.scope.split(".")[0] : undefined;
    return element("span", { class: scope && `code-${scope}` }, ...children(child));
  });
}
