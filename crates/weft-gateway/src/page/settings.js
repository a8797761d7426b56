// The model, and the settings of the answers and of the page.

import { $ , element } from "./dom.js";
import { get } from "./api.js";
import { browser, token } from "./storage.js";

// The agent, with the configuration's model.
const AGENT = "clawft";

const KEY = { model: "clawft.model", system: "clawft.system", temperature: "clawft.temperature", theme: "clawft.theme" };

// Returns the members of a request that the user has chosen. `system` is the system prompt.
export function options() {
  const temperature = browser.get(KEY.temperature);
  return {
    model: browser.get(KEY.model) || AGENT,
    system: browser.get(KEY.system).trim(),
    ...(temperature === "" ? {} : { temperature: Number(temperature) }),
  };
}

// Fills the list of models.
export async function loadModels() {
  const { data } = await get("/v1/models");
  const names = [AGENT, ...data.map(({ id }) => id).filter((id) => id !== AGENT)];
  const chosen = browser.get(KEY.model);
  $("model").replaceChildren(...names.map((id) => element("option", { value: id, selected: id === chosen }, id === AGENT ? "clawft (as configured)" : id)));
  $("model").disabled = false;
}

$("model").addEventListener("change", () => browser.set(KEY.model, $("model").value));

// The dialog.

function fill() {
  $("system").value = browser.get(KEY.system);
  $("temperature").value = browser.get(KEY.temperature);
  $("theme").value = browser.get(KEY.theme);
  $("log-out").hidden = !token.get();
}

export function applyTheme() {
  const theme = browser.get(KEY.theme);
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  const ground = getComputedStyle(document.body).backgroundColor;
  document.querySelector("meta[name=theme-color]").content = ground;
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);

$("settings").addEventListener("click", () => {
  fill();
  $("settings-dialog").showModal();
});
$("theme").addEventListener("change", () => {
  browser.set(KEY.theme, $("theme").value);
  applyTheme();
});
$("settings-form").addEventListener("submit", () => {
  browser.set(KEY.system, $("system").value);
  browser.set(KEY.temperature, $("temperature").value);
  browser.set(KEY.theme, $("theme").value);
});
$("log-out").addEventListener("click", () => {
  token.remove();
  location.replace(location.pathname);
});
