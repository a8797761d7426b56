// The open conversation: its messages, and the answer that arrives.

import { $, announce, focusMessage } from "./dom.js";
import { ask, decide, get, join, sessionPath, stop } from "./api.js";
import { note, showError } from "./errors.js";
import { AnswerView, editMessage, toolCall, userMessage } from "./message.js";
import { options } from "./settings.js";
import { askToken, refused } from "./token.js";

const log = $("log");
const scroll = $("scroll");

// `running` is the answer that arrives: `{controller, stopped}`.
const state = { session: "", title: "", running: null, changed: () => {} };

export const openedSession = () => state.session;
export const isAnswering = () => Boolean(state.running);

// Calls `action` when the list of conversations has to be read again.
export function onChange(action) {
  state.changed = action;
}

// Scrolls to new text, unless the reader has scrolled away.
const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
export const toEnd = () => { scroll.scrollTop = scroll.scrollHeight; };
scroll.addEventListener("scroll", () => { $("latest").hidden = atEnd(); }, { passive: true });
$("latest").addEventListener("click", () => {
  toEnd();
  focusMessage();
});

function following(draw) {
  const follow = atEnd();
  draw();
  if (follow) toEnd();
}

// Shows another conversation. An answer that arrives goes on in the gateway.
export function leaveFor(session) {
  state.running?.controller.abort();
  state.running = null;
  busy();
  state.session = session;
  log.replaceChildren();
  $("greeting").hidden = false;
  $("latest").hidden = true;
}

// Shows the stored messages, and joins the answer if one is running.
export async function load(session) {
  const { messages, running } = await read(session);
  if (session !== state.session) return;
  performance.mark("messages-read");
  log.replaceChildren(...turns(messages));
  $("greeting").hidden = messages.length > 0;
  // A note about the last answer stands below it.
  if (messages.at(-1)?.incomplete && !running) note("This answer is incomplete.");
  markLast();
  toEnd();
  requestAnimationFrame(() => performance.measure("messages-shown", "messages-read"));
  if (running) await rejoin(running);
}

async function read(session) {
  try {
    return await get(sessionPath(session));
  } catch (error) {
    if (error.status === 404) return { messages: [] };
    throw error;
  }
}

// Returns the elements of stored messages. The calls of tools belong to the answer that follows them.
function turns(messages) {
  const made = [];
  let view = null;
  const calls = new Map();
  for (const message of messages) {
    if (message.role === "user") {
      view = null;
      const turn = userMessage(message.content, message.images ?? [], () => edit(turn));
      turn.stored = true;
      made.push(turn);
    } else if (message.role === "tool") {
      calls.get(message.tool_call_id)?.finish(message.content, Boolean(message.is_error));
    } else if (message.role === "assistant") {
      if (!view) made.push((view = new AnswerView({ regenerate })).element);
      view.text += view.text && message.content ? `\n\n${message.content}` : message.content;
      view.thoughts += message.reasoning ?? "";
      for (const given of message.tool_calls ?? []) {
        const shown = toolCall(given);
        calls.set(given.id, shown);
        view.before.append(shown);
      }
    }
  }
  for (const turn of made) turn.view?.complete();
  return made;
}

// Only the last answer can be made again.
function markLast() {
  const answers = [...log.querySelectorAll(".turn.answer")];
  answers.forEach((turn) => turn.classList.toggle("last", turn === answers.at(-1)));
}

function busy() {
  $("stop").hidden = !state.running;
  $("send").hidden = Boolean(state.running);
  log.setAttribute("aria-busy", String(Boolean(state.running)));
}

// Sends a message of the user. `again` is there if it takes the place of others: the number of stored messages to
// `keep`, the elements that are `replaced`, and a function for another attempt.
export async function send(text, images = [], again = null) {
  // A new message comes after earlier errors.
  $("retry")?.closest(".note").remove();
  const turn = userMessage(text, images, () => edit(turn));
  log.append(turn);
  $("greeting").hidden = true;
  await answer(turn, again);
}

// Asks for the answer to a message.
async function answer(turn, again = null) {
  const { text, images } = turn.content;
  const content = images.length === 0 ? text : [
    ...(text.trim() ? [{ type: "text", text }] : []),
    ...images.map((url) => ({ type: "image_url", image_url: { url } })),
  ];
  const { system, ...rest } = options();
  const messages = [...(system ? [{ role: "system", content: system }] : []), { role: "user", content }];
  const { keep } = again ?? {};
  const { failure, stored, isEmpty } = await follow((signal, receive) => ask(state.session, { ...rest, messages }, { keep, signal, receive }));
  if (failure?.left) return;
  turn.stored = stored;
  // The messages that were to be replaced are still there.
  if (failure && again && isEmpty) restore(turn, again.replaced);
  const retry = again?.retry ?? (() => answer(turn));
  if (failure?.status === 401) askToken(refused(), retry);
  else if (failure && !failure.stopped) showError(failure, retry);
  toEnd();
}

// Shows the messages again that `turn` did not replace, above the notes.
function restore(turn, replaced) {
  const notes = [...log.querySelectorAll(".note")].filter((made) => turn.compareDocumentPosition(made) & Node.DOCUMENT_POSITION_FOLLOWING);
  while (turn.nextSibling) turn.nextSibling.remove();
  turn.remove();
  log.append(...replaced, ...notes);
  markLast();
}

// Shows the running answer from its beginning.
async function rejoin({ content }) {
  const last = [...log.querySelectorAll(".turn.question")].at(-1);
  if (content && last?.content.text !== content) log.append(userMessage(content, [], () => {}));
  $("greeting").hidden = true;
  const session = state.session;
  const { failure } = await follow((signal, receive) => join(session, signal, receive));
  // The answer ended in the meantime, or it did not: the stored messages tell.
  if (session === state.session && !failure?.stopped) await load(session);
}

// Shows an answer while it arrives. Returns the failure, if there is one, whether the turn is stored, and whether no
// text came.
async function follow(request) {
  const running = { controller: new AbortController(), stopped: false };
  state.running = running;
  busy();
  const view = new AnswerView({ regenerate }).wait();
  log.append(view.element);
  markLast();
  toEnd();
  announce("Waiting for the answer");
  const began = performance.now();
  let [usage, failure, kept] = [null, null, null];
  try {
    kept = await request(running.controller.signal, (part) => {
      usage = part.usage ?? usage;
      if (part.event) following(() => view.event(part.event, permit)?.scrollIntoView({ block: "nearest" }));
      else view.add(part, following);
    });
  } catch (error) {
    failure = error;
    kept = error.kept ?? null;
  }
  // Nothing more is shown of an answer that was left for another conversation.
  if (state.running !== running) return { failure: Object.assign(new Error("left"), { stopped: true, left: true }) };
  state.running = null;
  busy();
  following(() => view.complete({ seconds: (performance.now() - began) / 1000, usage }));
  if (view.isEmpty) view.element.remove();
  finish(view, running, failure, kept);
  if (failure) failure.stopped = running.stopped;
  return { failure, stored: kept ? kept.stored : Boolean(view.text), isEmpty: !view.text };
}

// Answers the question about a call of a tool.
function permit(question, allow) {
  decide(state.session, question, allow).catch((error) => showError(error));
}

const UNSTORED = {
  disk_full: "This answer is not stored: the gateway’s disk is full.",
  deleted: "This answer is not stored: the conversation was deleted meanwhile.",
  shutting_down: "This answer is not stored: the gateway was shutting down.",
  storage: "This answer is not stored, see the gateway’s log.",
};

function finish(view, running, failure, kept) {
  if (kept?.stored === false) note(UNSTORED[kept.reason] ?? UNSTORED.storage);
  if (running.stopped) note(view.text ? "You stopped this answer." : "You stopped it before an answer came.");
  announce(running.stopped ? "Stopped" : failure ? "The answer failed" : "The answer is complete");
  // A stopped answer is stored a moment later.
  setTimeout(() => state.changed(), failure ? 300 : 0);
}

// Stops the answer that arrives; the part that is there stays.
export function stopAnswer() {
  if (!state.running || state.running.stopped) return;
  state.running.stopped = true;
  stop(state.session);
}

// Makes the last answer again: the stored messages from its question on give way.
async function regenerate() {
  const question = [...log.querySelectorAll(".turn.question")].at(-1);
  if (question && !state.running) await again(question, question.content.text);
}

function edit(turn) {
  if (!state.running) editMessage(turn, (text) => again(turn, text));
}

// Sends `text` in place of the message `turn` and of everything after it. The stored messages give way when the new
// answer is stored.
async function again(turn, text) {
  const retry = () => again(turn, text);
  let keep;
  try {
    keep = turn.stored ? await position(turn) : undefined;
    if (keep === null) {
      await load(state.session);
      note("This conversation was continued elsewhere. It is shown as it is now.");
      return;
    }
  } catch (error) {
    showError(error, retry);
    return;
  }
  const replaced = [turn];
  while (turn.nextSibling) {
    if (!turn.nextSibling.classList.contains("note")) replaced.push(turn.nextSibling);
    turn.nextSibling.remove();
  }
  turn.remove();
  await send(text, turn.content.images, { keep, replaced, retry });
}

const storedQuestions = () => [...log.querySelectorAll(".turn.question")].filter((turn) => turn.stored);
const positions = (messages) => messages.flatMap(({ role }, index) => (role === "user" ? [index] : []));

// Returns the number of stored messages before `turn`, or null if they are not those that are shown.
async function position(turn) {
  const shown = storedQuestions();
  const { messages } = await read(state.session);
  const questions = positions(messages);
  return questions.length === shown.length ? questions[shown.indexOf(turn)] : null;
}

// Shows what was said in another window meanwhile.
export async function catchUp() {
  const session = state.session;
  const isBusy = () => state.running || session !== state.session || log.querySelector(".editor, .note.error");
  if (isBusy()) return;
  const { messages, running } = await read(session);
  if (!isBusy() && (running || positions(messages).length !== storedQuestions().length)) await load(session);
}
