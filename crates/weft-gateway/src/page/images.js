// Pictures that go with the next message.

import { $, announce, element, iconButton } from "./dom.js";
import { note } from "./errors.js";

const TYPES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

// Larger pictures are made smaller: models see no more than this, and the gateway limits the size of a message.
const LARGEST = { side: 2000, bytes: 1_000_000 };

let attached = [];

// Returns the pictures as addresses with their data, and forgets them.
export function takeImages() {
  const taken = attached;
  attached = [];
  show();
  return taken;
}

export const hasImages = () => attached.length > 0;

// Adds the pictures among `files`. Other files are refused with a note.
export async function addImages(files) {
  for (const file of files) {
    if (!TYPES.includes(file.type)) {
      note(`“${file.name}” is not a picture that models read: PNG, JPEG, GIF or WebP.`);
      continue;
    }
    try {
      attached.push(await read(file));
      announce("Picture added");
    } catch {
      note(`“${file.name}” cannot be read as a picture.`);
    }
  }
  show();
}

async function read(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LARGEST.side / Math.max(picture.width, picture.height));
  if (scale === 1 && file.size <= LARGEST.bytes) return dataAddress(file);
  const canvas = element("canvas", { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", 0.85);
}

function dataAddress(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });
}

function show() {
  $("images").replaceChildren(...attached.map((address, index) => {
    const remove = iconButton("close", `Remove picture ${index + 1}`, () => {
      attached.splice(index, 1);
      show();
      $("message").focus();
    });
    return element("li", {}, element("img", { src: address, alt: `Picture ${index + 1}` }), remove);
  }));
  $("images").hidden = attached.length === 0;
  $("message").dispatchEvent(new Event("input"));
}

const pictures = (data) => [...data.files].filter((file) => file.type.startsWith("image/"));

$("message").addEventListener("paste", (event) => {
  const files = pictures(event.clipboardData);
  if (files.length === 0) return;
  event.preventDefault();
  addImages(files);
});

// Files may be dropped anywhere on the conversation.
const area = document.querySelector("main");
area.addEventListener("dragover", (event) => {
  if (![...event.dataTransfer.types].includes("Files")) return;
  event.preventDefault();
  area.classList.add("dropping");
});
area.addEventListener("dragleave", (event) => {
  if (!area.contains(event.relatedTarget)) area.classList.remove("dropping");
});
area.addEventListener("drop", (event) => {
  area.classList.remove("dropping");
  if (event.dataTransfer.files.length === 0) return;
  event.preventDefault();
  addImages([...event.dataTransfer.files]);
});

$("attach").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => {
  addImages([...$("file").files]);
  $("file").value = "";
});
