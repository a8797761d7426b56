// The field for the next message.

import { $, focusMessage } from "./dom.js";
import { isAnswering, send, stopAnswer } from "./conversation.js";
import { hasImages, takeImages } from "./images.js";

const message = $("message");

export function fit() {
  message.style.height = "auto";
  message.style.height = `${message.scrollHeight}px`;
  $("send").disabled = !message.value.trim() && !hasImages();
}

function submit() {
  const text = message.value;
  if (isAnswering() || (!text.trim() && !hasImages())) return;
  message.value = "";
  const images = takeImages();
  fit();
  send(text, images);
}

message.addEventListener("input", fit);
message.addEventListener("keydown", (event) => {
  // While a text is being composed, Enter selects a word.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
  focusMessage();
});
$("stop").addEventListener("click", () => {
  stopAnswer();
  focusMessage();
});
