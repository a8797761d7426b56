// On a narrow screen the list of conversations is a drawer.

import { $ } from "./dom.js";

const sidebar = $("sidebar");

export const isDrawn = () => sidebar.classList.contains("shown");

export function drawer(open) {
  if (open === isDrawn()) return;
  sidebar.classList.toggle("shown", open);
  $("scrim").hidden = !open;
  $("menu").setAttribute("aria-expanded", String(open));
  for (const covered of document.querySelectorAll("header, main")) covered.inert = open;
  if (open) $("search").focus();
  else $("menu").focus();
}

$("menu").addEventListener("click", () => drawer(!isDrawn()));
$("scrim").addEventListener("click", () => drawer(false));
