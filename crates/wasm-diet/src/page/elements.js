"use strict";
// Numbers and elements.

const grouped = (number) => Math.round(number).toString().replace(/\B(?=(\d{3})+$)/g, ",");
const bytes = (number) => `${grouped(number)} B`;
const signed = (number) => (number > 0 ? "+" : "−") + grouped(Math.abs(number));
/** Returns the short form of a commit, with a word for changes on top of it. */
const shortRevision = (revision) => revision ? revision.slice(0, 12) + (revision.endsWith("-dirty") ? " and changes on top" : "") : "an unknown revision";
const percent = (part, whole) => `${((100 * part) / whole).toFixed(1)} %`;

/** Makes an element with attributes and children; texts are never parsed as markup. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== "") made.setAttribute(key, value);
  made.append(...children);
  return made;
}
