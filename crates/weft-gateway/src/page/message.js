// One message of the conversation.

import { announce, copy, element, iconButton, textButton } from "./dom.js";
import { show } from "./markdown.js";

// Makes the element of a user's message. `edit` is called to change and resend it.
export function userMessage(text, images, edit) {
  const body = element("div", { class: "text" }, text);
  const made = element("article", { class: "user", "aria-label": "You" }, ...images.map(picture), body);
  const actions = element("div", { class: "actions" },
    iconButton("edit", "Edit and send again", () => edit(made)),
    iconButton("copy", "Copy the message", (button) => copy(text, button)));
  const turn = element("div", { class: "turn question" }, made, actions);
  turn.content = { text, images };
  return turn;
}

function picture(address) {
  return element("img", { src: address, alt: "Your picture", class: "attached" });
}

// The element of an answer, which may still grow.
export class AnswerView {
  constructor({ regenerate }) {
    this.text = "";
    this.thoughts = "";
    // The calls of tools and the questions about them, by their ids.
    this.calls = new Map();
    this.questions = new Map();
    // Whether it is going to be drawn, and the milliseconds that it took the last time.
    this.scheduled = false;
    this.cost = 0;
    this.body = element("div", { class: "text" });
    this.before = element("div", { class: "before" });
    this.article = element("article", { class: "assistant", "aria-label": "Answer" }, this.before, this.body);
    this.meta = element("span", { class: "meta" });
    this.again = iconButton("redo", "Answer again", () => regenerate());
    this.again.classList.add("again");
    const copier = iconButton("copy", "Copy the answer", (button) => copy(this.text, button));
    this.actions = element("div", { class: "actions" }, copier, this.again, this.meta);
    this.element = element("div", { class: "turn answer" }, this.article, this.actions);
    this.element.view = this;
  }

  // Shows that an answer is expected.
  wait() {
    this.actions.hidden = true;
    this.body.append(element("div", { class: "waiting", "aria-hidden": "true" }, element("i"), element("i"), element("i")));
    this.waiting = true;
    return this;
  }

  // Adds a part of the answer, to be drawn soon. `around` is called with the function that draws.
  add({ text = "", reasoning = "" }, around = (draw) => draw()) {
    this.text += text;
    this.thoughts += reasoning;
    if (this.scheduled) return;
    this.scheduled = true;
    const draw = () => {
      if (!this.scheduled) return;
      this.scheduled = false;
      const began = performance.now();
      around(() => this.draw(true));
      this.cost = performance.now() - began;
    };
    // A long answer is drawn less often, so that the page has time for its user.
    if (this.cost > 12) setTimeout(draw, 3 * this.cost);
    else requestAnimationFrame(draw);
  }

  // Shows a call of a tool, its result, or a question about it, which is returned. `decide` is called with the
  // question's id and the answer.
  event({ event, id, ...given }, decide) {
    if (event === "call") {
      const shown = toolCall({ name: given.tool, arguments: JSON.stringify(given.arguments) }, "running");
      this.calls.set(id, shown);
      this.before.append(shown);
    } else if (event === "result") {
      this.calls.get(id)?.finish(given.content, given.is_error);
    } else if (event === "question") {
      const shown = question(given, (allow) => decide(id, allow));
      this.questions.set(id, shown);
      this.before.append(shown);
      announce("A permission is needed");
      return shown;
    } else if (event === "decision") {
      this.questions.get(id)?.remove();
      this.questions.delete(id);
    }
    return null;
  }

  draw(growing) {
    if (this.thoughts) this.think();
    if (!this.text) return;
    if (this.waiting) this.body.replaceChildren();
    this.waiting = false;
    show(this.body, this.text, growing);
  }

  // Shows the reasoning, which is folded.
  think() {
    if (!this.reasoning) {
      this.reasoning = element("div", { class: "text" });
      this.summary = element("summary", {}, "Thinking…");
      this.before.prepend(element("details", { class: "reasoning" }, this.summary, this.reasoning));
    }
    show(this.reasoning, this.thoughts, true);
  }

  // Shows the whole answer.
  complete({ seconds = 0, usage = null } = {}) {
    this.scheduled = false;
    this.draw(false);
    if (this.waiting) this.body.replaceChildren();
    this.waiting = false;
    for (const shown of this.questions.values()) shown.remove();
    for (const shown of this.calls.values()) shown.abandon();
    if (this.summary) this.summary.textContent = "Reasoning";
    this.actions.hidden = !this.text;
    this.meta.textContent = measures(seconds, usage);
  }

  get isEmpty() {
    return !this.text && !this.thoughts && !this.before.hasChildNodes();
  }
}

function measures(seconds, usage) {
  const parts = [];
  if (seconds) parts.push(`${seconds.toFixed(1)} s`);
  if (usage) parts.push(`${usage.prompt_tokens} tokens in, ${usage.completion_tokens} out`);
  return parts.join(" · ");
}

// Makes the folded element of a tool call.
export function toolCall({ name, arguments: given }, progress = "no result") {
  const result = element("div", { class: "result" });
  const state = element("span", { class: "state" }, progress);
  const made = element("details", { class: "tool" },
    element("summary", {}, element("code", {}, name), element("span", { class: "brief" }, brief(given)), state),
    labelled("Arguments", pretty(given)), result);
  // Shows the result of the call.
  made.finish = (content, failed) => {
    made.classList.toggle("failed", failed);
    state.textContent = failed ? "failed" : "done";
    result.replaceChildren(labelled(failed ? "Error" : "Result", pretty(content)));
  };
  // The answer has ended.
  made.abandon = () => {
    if (!result.hasChildNodes()) state.textContent = "no result";
  };
  return made;
}

// Makes the question about a call. `decide` is called with the answer.
function question({ call, preview }, decide) {
  const answer = (allow) => {
    for (const button of made.querySelectorAll("button")) button.disabled = true;
    decide(allow);
  };
  const made = element("div", { class: "permission", role: "group", "aria-label": "Permission" },
    element("p", {}, "May the model do this? ", element("code", {}, call)),
    ...(preview ? [labelled("Effect", preview)] : []),
    element("div", { class: "buttons" },
      textButton("Refuse", () => answer(false)),
      textButton("Allow", () => answer(true), { class: "primary" })));
  return made;
}

function labelled(label, text) {
  return element("div", {}, element("p", { class: "label" }, label), element("pre", { tabindex: "0", role: "group", "aria-label": label }, text));
}

function pretty(json) {
  try { return JSON.stringify(JSON.parse(json), null, 2); } catch { return json; }
}

// Returns the most telling argument of a call.
function brief(json) {
  try {
    const [first = ""] = Object.values(JSON.parse(json)).filter((value) => typeof value === "string");
    return first.split("\n", 1)[0].slice(0, 80);
  } catch {
    return "";
  }
}

// Replaces a user's message by a field. `send` is called with the new text.
export function editMessage(turn, send) {
  const { text } = turn.content;
  const field = element("textarea", { "aria-label": "Your message", rows: String(Math.min(12, text.split("\n").length + 1)) });
  field.value = text;
  const close = () => {
    form.remove();
    turn.classList.remove("editing");
    turn.querySelector(".actions button").focus();
  };
  const form = element("form", { class: "editor" }, field,
    element("p", {}, "Sending replaces everything after this message."),
    element("div", {}, textButton("Cancel", close), element("button", { type: "submit", class: "primary" }, "Send")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!field.value.trim()) return;
    close();
    send(field.value);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  turn.classList.add("editing");
  turn.append(form);
  field.focus();
  announce("Editing the message");
}
