
// Turns the model's text into elements. All text is inserted as text: no part of it can become markup.

// A text is split into blocks, so that while it grows only the last ones are rendered again.
function blocks(text) {
  const found = [];
  let lines = [];
  let fence = null;
  const close = () => {
    if (lines.length) found.push(lines.join("\n"));
    lines = [];
  };
  for (const line of text.split("\n")) {
    const mark = line.match(/^ {0,3}(`{3,}|~{3,})/)?.[1];
    if (fence) {
      lines.push(line);
      if (mark && mark.startsWith(fence) && !line.trim().slice(mark.length)) {
        fence = null;
        close();
      }
    } else if (mark) {
      close();
      fence = mark;
      lines.push(line);
    } else if (!line.trim()) {
      close();
    } else {
      const kind = kindOf(line);
      if (lines.length && (kind === "heading" || kind === "rule" || kindOf(lines[0]) === "heading" || starts(kind, lines[0]))) close();
      lines.push(line);
    }
  }
  close();
  return found;
}

function kindOf(line) {
  if (/^#{1,6}\s/.test(line)) return "heading";
  if (/^ {0,3}([-*_])( *\1){2,} *$/.test(line)) return "rule";
  if (/^\s*[-*+]\s+\S/.test(line)) return "ul";
  if (/^\s*\d{1,9}[.)]\s+\S/.test(line)) return "ol";
  if (/^>/.test(line)) return "quote";
  return "text";
}

// Returns whether a line of this kind begins a new block after one that begins with `first`.
function starts(kind, first) {
  return kind !== "text" && kind !== kindOf(first);
}

function render(block) {
  const lines = block.split("\n");
  const fence = lines[0].match(/^ {0,3}(`{3,}|~{3,})\s*([^\s`]*)/);
  if (fence) return code(lines, fence);
  switch (kindOf(lines[0])) {
    case "heading": {
      const [, marks, text] = lines[0].match(/^(#+)\s+(.*)$/) ?? [null, "#", lines[0]];
      return element(marks.length < 3 ? "h3" : "h4", {}, ...inline(text));
    }
    case "rule": return element("hr");
    case "ul": return list("ul", lines, /^\s*[-*+]\s+/);
    case "ol": return list("ol", lines, /^\s*\d{1,9}[.)]\s+/);
    case "quote": return element("blockquote", {}, ...inline(lines.map((line) => line.replace(/^> ?/, "")).join("\n")));
    default: return element("p", {}, ...inline(block));
  }
}

function list(name, lines, mark) {
  const items = [];
  for (const line of lines) {
    if (mark.test(line)) items.push(line.replace(mark, ""));
    else items[items.length - 1] += "\n" + line.trim();
  }
  const start = name === "ol" ? lines[0].match(/\d+/)[0] : "1";
  return element(name, start === "1" ? {} : { start }, ...items.map((item) => element("li", {}, ...inline(item))));
}

function code(lines, [, mark, language]) {
  const ended = lines.length > 1 && lines[lines.length - 1].trim().startsWith(mark);
  const text = lines.slice(1, ended ? -1 : undefined).join("\n");
  const copy = element("button", { type: "button" }, "Copy");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Not allowed";
    }
    setTimeout(() => { copy.textContent = "Copy"; }, 1600);
  });
  const caption = element("figcaption", {}, element("span", {}, language), copy);
  return element("figure", {}, caption, element("pre", { tabindex: "0" }, element("code", {}, text)));
}

const INLINE = /(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)|\*\*(\S|\S[\s\S]*?\S)\*\*|\*([^\s*]|[^\s*][^*\n]*[^\s*])\*|\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)|(\bhttps?:\/\/[^\s<>"')\]]*[^\s<>"')\].,;:!?])/g;

// The search takes longer the more unclosed marks there are, and it is done for every frame.
const LONGEST = 5000;

function inline(text) {
  if (text.length > LONGEST) return [text];
  const made = [];
  let at = 0;
  const plain = (end) => {
    text.slice(at, end).split("\n").forEach((line, index) => made.push(...(index ? [element("br")] : []), line));
  };
  for (const match of text.matchAll(INLINE)) {
    const [all, , span, strong, emphasis, label, target, address] = match;
    plain(match.index);
    at = match.index + all.length;
    if (span !== undefined) made.push(element("code", {}, span));
    else if (strong !== undefined) made.push(element("strong", {}, ...inline(strong)));
    else if (emphasis !== undefined) made.push(element("em", {}, ...inline(emphasis)));
    else made.push(element("a", { href: target ?? address, target: "_blank", rel: "noopener noreferrer" }, label ?? address));
  }
  plain(text.length);
  return made;
}

// Shows `text` in `place`, and renders only the parts that have changed.
function show(place, text) {
  const next = blocks(text);
  const known = place.blocks ?? [];
  let same = 0;
  while (same < known.length && same < next.length && known[same] === next[same]) same += 1;
  while (place.children.length > same) place.lastChild.remove();
  place.append(...next.slice(same).map(render));
  place.blocks = next;
}
