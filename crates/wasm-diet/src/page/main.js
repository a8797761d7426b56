// The state of the page, and drawing it.

const data = JSON.parse(document.getElementById("data").textContent);
const place = (id) => document.getElementById(id);
if (data.title) document.title = `${data.title}: where the bytes are`;
const names = Object.keys(data.artifacts).sort((a, b) => data.artifacts[b].raw - data.artifacts[a].raw);
const view = { artifact: names[0], measure: "raw", colour: "owner", focus: "", nodes: new Map(), boxes: [] };

for (const artifact of Object.values(data.artifacts)) {
  artifact.parts.forEach((part) => (part.delta = part.raw - (part.before?.raw ?? 0)));
  artifact.changed = artifact.before && artifact.parts.some((part) => part.delta !== 0);
}
const artifact = () => data.artifacts[view.artifact];

/** Makes a group of radio buttons; each choice is `[value, label]`. */
function choose(id, key, choices) {
  const group = place(id);
  group.querySelectorAll("label").forEach((label) => label.remove());
  for (const [value, words] of choices) {
    const input = element("input", { type: "radio", name: id, value });
    input.checked = view[key] === value;
    input.addEventListener("change", () => { view[key] = value; if (key !== "colour") view.focus = ""; draw(); });
    group.append(element("label", {}, input, words));
  }
}

function draw() {
  const built = artifact();
  view.tree = treeOf(built.parts, view.measure);
  const base = data.base ? `, compared with ${data.base}` : "";
  const revision = data.revision ? ` of ${shortRevision(data.revision)}` : "";
  place("origin").textContent = `${view.artifact}${revision}${base}`;
  drawCards(built);
  drawMap();
  drawBudgets(place("budgets"), data, view.measure);
  drawHistory(place("history"), data, view.artifact, view.measure);
  drawTable();
}

function drawCards(built) {
  const card = (title, size, before, note) => {
    const change = before === undefined ? "" : size - before;
    const small = change === "" ? [] : [element("small", { class: change > 0 ? "more" : change < 0 ? "less" : "" }, change ? signed(change) : "no change")];
    const value = typeof size === "string" ? size : grouped(size);
    return element("div", {}, element("dl", { style: "margin:0" }, element("dt", {}, title), element("dd", {}, value, ...small)), element("small", { class: "note" }, note));
  };
  const sum = (of) => built.parts.reduce((sum, part) => sum + (of(part) ? part[view.measure] : 0), 0);
  const total = built[view.measure];
  const share = (of) => `${percent(sum(of), total)} of the file`;
  const code = (part) => part.kind === "code";
  const ours = (part) => code(part) && data.own && part.crate.startsWith(data.own);
  place("cards").replaceChildren(
    card("The file", built.raw, built.before?.raw, "bytes"),
    card("Compressed", built.gzip, built.before?.gzip, "bytes after gzip -9"),
    card("Functions", built.parts.reduce((n, part) => n + (code(part) && part.raw ? part.copies : 0), 0), undefined, `${grouped(sum(code))} B, ${share(code)}`),
    ...(data.own ? [card("Our own code", sum(ours), undefined, share(ours))] : []),
    card("Static data", sum((part) => part.kind === "data"), undefined, share((part) => part.kind === "data")));
}

function focusNode() {
  const find = (node) => (node.key === view.focus ? node : node.children.map(find).find(Boolean));
  return find(view.tree) ?? view.tree;
}

function drawMap() {
  const map = place("map");
  const focus = focusNode();
  view.boxes = layout(focus, map.clientWidth, map.clientHeight);
  const seen = new Set();
  for (const box of view.boxes) {
    const { node } = box;
    seen.add(node.key);
    let cell = view.nodes.get(node.key);
    if (!cell) {
      cell = element("button", { type: "button", tabindex: -1, "data-key": node.key });
      view.nodes.set(node.key, cell);
    }
    paint(cell, box);
    map.append(cell);
  }
  for (const [key, cell] of view.nodes) if (!seen.has(key)) { cell.remove(); view.nodes.delete(key); }
  const first = map.querySelector(".node");
  if (first) first.tabIndex = 0;
  drawTrail(focus);
  describe(focus);
  drawLegend();
}

function paint(cell, { node, x, y, width, height, head }) {
  cell.className = `node ${node.kind}`;
  cell.node = node;
  cell.setAttribute("aria-label", `${node.kind === "item" ? "" : `${node.kind} `}${node.label}, ${bytes(node.value)}`);
  Object.assign(cell.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
  cell.tabIndex = -1;
  cell.replaceChildren();
  if (node.part) {
    const { hue, chroma } = colourOf(node.part, view.colour);
    cell.style.setProperty("--hue", hue);
    cell.style.setProperty("--chroma", chroma);
  }
  const item = node.kind === "item";
  if (item ? width < 34 || height < 19 : head === 0) return;
  const label = element("span", {}, item ? shortName(node.label) : node.label);
  if (width > 90) label.append(element("i", {}, grouped(node.value)));
  // Shows whole lines only, and breaks no words where there is room for a few letters.
  const lines = item && width > 84 ? Math.max(1, Math.floor((height - 5) / LINE)) : 1;
  if (lines > 1) label.style.cssText = `white-space:normal;max-height:${lines * LINE}px`;
  cell.append(label);
}

/** The height of a line in a cell, from the style sheet. */
const LINE = 14.4;

/** Returns the last words of a path, which say most: `Vec<u8>>::reserve` of `<alloc::vec::Vec<u8>>::reserve`. */
const shortName = (name) => name.replace(/(?:[a-z_0-9]+::)+(?=[A-Za-z_{<[])/g, "");

function drawTrail(focus) {
  const path = [];
  for (let node = focus; node; node = node.parent) path.unshift(node);
  const crumbs = path.flatMap((node, index) => {
    const button = element("button", { type: "button", ...(index === path.length - 1 && { "aria-current": "true" }) }, node.level ? node.label : view.artifact);
    button.addEventListener("click", () => zoom(node));
    const size = index === path.length - 1 ? [element("span", {}, `${bytes(node.value)}, ${percent(node.value, view.tree.value)}`)] : [];
    return index ? [element("span", { "aria-hidden": "true" }, "›"), button, ...size] : [button, ...size];
  });
  place("trail").replaceChildren(...crumbs);
}

function drawLegend() {
  const entries = view.colour === "owner" ? FAMILIES.filter((family) => artifact().parts.some((part) => familyOf(part) === family)) : FATES;
  place("legend").replaceChildren(...entries.map(({ name, hue, chroma }) =>
    element("span", {}, element("i", { style: `--hue:${hue};--chroma:${chroma}` }), name)));
}

/** Opens a crate or module; `land` is the cell that gets the focus. */
function zoom(node, land) {
  view.focus = node.kind === "item" ? node.parent.key : node.key;
  const keyboard = place("map").contains(document.activeElement);
  drawMap();
  const cell = land ? view.nodes.get(land) : place("map").querySelector(".node");
  if (cell && (keyboard || land)) moveTo(cell);
}

function describe(node) {
  const detail = place("detail");
  const facts = [`${bytes(node.value)}`, `${percent(node.value, view.tree.value)} of the file`];
  if (node.part) {
    facts.push(`${bytes(node.part.raw)} raw, ${bytes(node.part.gzip)} compressed`);
    if (node.part.copies > 1) facts.push(`${node.part.copies} copies`);
    if (artifact().before) facts.push(node.part.before ? (node.part.delta ? `${signed(node.part.delta)} B` : "unchanged") : "new");
  } else if (node.children.length) facts.push(`${node.children.length} parts`);
  detail.replaceChildren(element("b", {}, node.level ? node.label : view.artifact), ...facts.map((fact) => element("span", {}, fact)));
}

function moveTo(cell) {
  place("map").querySelectorAll('[tabindex="0"]').forEach((other) => (other.tabIndex = -1));
  cell.tabIndex = 0;
  cell.focus();
}

/** Returns the nearest cell of the same depth in the direction of an arrow, from the middle of this one. */
function neighbour(cell, key) {
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  const middle = (box) => [box.x + box.width / 2, box.y + box.height / 2];
  const here = view.boxes.find((box) => box.node === cell.node);
  const [x, y] = middle(here);
  let best = null;
  for (const box of view.boxes) {
    if (box.node.kind !== here.node.kind || box === here) continue;
    const [bx, by] = middle(box);
    const ahead = (bx - x) * dx + (by - y) * dy;
    if (ahead <= 0.5) continue;
    const cost = ahead + 2.5 * Math.abs((bx - x) * dy + (by - y) * dx);
    if (!best || cost < best.cost) best = { cost, box };
  }
  return best && view.nodes.get(best.box.node.key);
}

function drawTable() {
  drawParts(artifact().parts, place("search").value, place("changed").checked, (part) => {
    const key = `\n${part.crate}\n${part.module || "(root)"}`;
    view.focus = key;
    drawMap();
    place("map").scrollIntoView({ block: "nearest" });
    const cell = view.nodes.get(`${key}\n${part.name}`);
    if (cell) moveTo(cell);
  });
}

function listen() {
  const map = place("map");
  map.addEventListener("click", (event) => { const cell = event.target.closest(".node"); if (cell) zoom(cell.node, cell.node.kind === "item" ? cell.node.key : undefined); });
  map.addEventListener("pointerover", (event) => { const cell = event.target.closest(".node"); if (cell) describe(cell.node); });
  map.addEventListener("focusin", (event) => { if (event.target.node) describe(event.target.node); });
  map.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "Backspace") {
      const focus = focusNode();
      if (focus.parent) zoom(focus.parent, focus.key);
    } else if (event.key.startsWith("Arrow") && event.target.node) {
      const next = neighbour(event.target, event.key);
      if (next) moveTo(next);
    } else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.matches("input")) { event.preventDefault(); place("search").focus(); }
  });
  place("search").addEventListener("input", drawTable);
  place("changed").addEventListener("change", drawTable);
  place("theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    document.documentElement.dataset.theme = dark === "dark" ? "light" : "dark";
  });
  new ResizeObserver(() => drawMap()).observe(map);
}

view.colour = artifact().changed ? "change" : "owner";
choose("artifacts", "artifact", names.map((name) => [name, name]));
choose("measures", "measure", [["raw", "raw"], ["gzip", "compressed"]]);
choose("colours", "colour", [["owner", "by owner"], ["change", "by change"]]);
drawHead(drawTable);
draw();
listen();
