// Formulas in TeX, as MathML.

import { element } from "./dom.js";

let library = null;

// Longer formulas stay as they were written.
const LONGEST = 20_000;

// Returns a formula. Until the library is there, and if the formula cannot be read, it is the text in TeX.
export function typeset(source, block) {
  const place = element(block ? "div" : "span", block ? { class: "math", tabindex: "0", role: "group", "aria-label": "Formula" } : { class: "math" }, source);
  if (source.length > LONGEST) return place;
  library ??= import("./libraries/math.js").then((loaded) => loaded.default);
  library.then((temml) => draw(temml, place, source, block)).catch(() => place.classList.add("unread"));
  return place;
}

function draw(temml, place, source, block) {
  const made = element("span");
  temml.render(source, made, { displayMode: block, throwOnError: true, trust: false, maxSize: [20, 20], maxExpand: 1000, annotate: false });
  place.replaceChildren(...made.childNodes);
}
