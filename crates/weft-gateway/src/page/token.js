// The dialog that asks for the token.

import { $ } from "./dom.js";
import { get } from "./api.js";
import { explain } from "./errors.js";
import { token } from "./storage.js";

let afterwards = () => {};

// Returns the problem with the token that was sent.
export const refused = () => (token.get() ? "This is not the gateway’s token." : "");

// Asks for the token, and then does `then`.
export function askToken(problem, then) {
  afterwards = then;
  $("token-error").textContent = problem;
  $("token").setAttribute("aria-invalid", String(Boolean(problem)));
  if (!$("token-dialog").open) $("token-dialog").showModal();
  $("token").select();
  $("token").focus();
}

$("token-dialog").addEventListener("cancel", (event) => event.preventDefault());
$("token-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const offered = $("token").value.trim();
  try {
    await get("/v1/sessions", { bearer: offered });
  } catch (error) {
    askToken(error.status === 401 ? "This is not the gateway’s token." : explain(error), afterwards);
    return;
  }
  token.set(offered);
  $("token").value = "";
  $("token-dialog").close();
  afterwards();
});
