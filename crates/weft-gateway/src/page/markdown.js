// Markdown as models write it. The library turns the text into tokens, and `render.js` turns those into elements: no
// markup is ever made from a text.

import { MarkdownIt, footnote, tasklist, tex } from "./libraries/markdown.js";
import { render } from "./render.js";

// `html: false` leaves tags as text; `tags` lets some of them through.
const parser = new MarkdownIt({ html: false, linkify: true, breaks: true })
  .use(footnote)
  .use(tasklist, { label: false })
  .use(tex, { delimiters: "all", render: String })
  .use(tags);
// Words such as `e.g` and `main.rs` are no addresses.
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
// An address that the page refuses stays text: `render.js` decides.
parser.validateLink = () => true;

// The tags that models use inside of text, because Markdown has nothing for them.
const TAG = /<(sub|sup|kbd|mark|ins|u|b|i|s|small)>([^<\n]{1,500})<\/\1>|<br\s*\/?>/iy;

function tags(md) {
  md.inline.ruler.push("tags", (state, silent) => {
    if (state.src[state.pos] !== "<") return false;
    TAG.lastIndex = state.pos;
    const found = TAG.exec(state.src);
    if (!found || TAG.lastIndex > state.posMax) return false;
    if (silent) {
      state.pos = TAG.lastIndex;
      return true;
    }
    const [, name, content] = found;
    if (!name) {
      state.push("hardbreak", "br", 0);
    } else {
      const end = state.posMax;
      state.push("tag_open", name.toLowerCase(), 1);
      state.pos += name.length + 2;
      state.posMax = state.pos + content.length;
      state.md.inline.tokenize(state);
      state.push("tag_close", name.toLowerCase(), -1);
      state.posMax = end;
    }
    state.pos = found.index + found[0].length;
    return true;
  });
}

// Splits the tokens into blocks, each with a key: a block with the same key looks the same.
function blocks(text) {
  const environment = {};
  const tokens = parser.parse(text, environment);
  const lines = text.split("\n");
  // Definitions of links and footnotes change blocks before them.
  const shared = `${Object.keys(environment.references ?? {}).length} ${environment.footnotes?.list?.length ?? 0}`;
  const found = [];
  let depth = 0;
  for (const token of tokens) {
    if (depth === 0) found.push({ tokens: [], key: "" });
    const block = found.at(-1);
    block.tokens.push(token);
    depth += token.nesting;
    if (depth === 0) block.key = key(block.tokens, lines, shared);
  }
  return found;
}

function key([first, ...rest], lines, shared) {
  const source = first.map ? lines.slice(...first.map) : rest.map(({ content }) => content);
  return [shared, first.type, ...source].join("\n");
}

// Shows `text` in `place`, and renders only the blocks that have changed. While the answer is `growing`, its last block
// is not highlighted yet.
export function show(place, text, growing = false) {
  const next = blocks(text);
  const known = place.blocks ?? [];
  let same = 0;
  while (same < known.length && same < next.length && known[same].key === next[same].key) same += 1;
  // The last block was shown without highlighting.
  if (!growing && place.growing && same === next.length) same = Math.max(0, same - 1);
  for (const block of known.slice(same)) block.elements.forEach((made) => made.remove());
  const state = { heading: next.slice(0, same).some(({ tokens }) => tokens[0].tag === "h1" || tokens[0].tag === "h2") };
  next.forEach((block, index) => {
    if (index < same) {
      block.elements = known[index].elements;
      return;
    }
    const made = render(block.tokens, { ...state, quick: growing && index === next.length - 1, place });
    block.elements = [...made.children];
    place.append(made);
    state.heading ||= ["h1", "h2"].includes(block.tokens[0].tag);
  });
  place.blocks = next;
  place.growing = growing;
}
