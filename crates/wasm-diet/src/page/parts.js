// The table of all parts, with search, sorting and links into the treemap.

const COLUMNS = [
  { key: "name", title: "Part", text: true },
  { key: "crate", title: "Crate", text: true, wide: true },
  { key: "kind", title: "Kind", text: true, wide: true },
  { key: "raw", title: "Raw" },
  { key: "gzip", title: "Gzip", wide: true },
  { key: "delta", title: "Change" },
];

let order = { key: "raw", up: false };

function drawHead(redraw) {
  const cell = (column) => {
    const button = element("button", { type: "button" }, column.title);
    button.addEventListener("click", () => {
      order = { key: column.key, up: order.key === column.key ? !order.up : Boolean(column.text) };
      drawHead(redraw);
      redraw();
      document.querySelector(`th[data-key="${column.key}"] button`).focus();
    });
    const sort = order.key === column.key ? (order.up ? "ascending" : "descending") : "none";
    return element("th", { scope: "col", "aria-sort": sort, "data-key": column.key, class: classes(column) }, button);
  };
  document.getElementById("head").replaceChildren(element("tr", {}, ...COLUMNS.map(cell)));
}

/** Shows the parts that contain every word of `query`; calls `open` with the selected part. */
function drawParts(parts, query, changedOnly, open) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (part) => `${part.name} ${part.crate} ${part.kind}`.toLowerCase();
  const shown = parts.filter((part) => (!changedOnly || part.delta !== 0) && words.every((word) => text(part).includes(word)));
  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);
  shown.sort((a, b) => (order.up ? 1 : -1) * compare(a[order.key], b[order.key]) || b.raw - a.raw || compare(a.name, b.name));
  document.getElementById("rows").replaceChildren(...shown.map((part) => row(part, words, open)));
  const sum = shown.reduce((sum, part) => sum + part.raw, 0);
  document.getElementById("count").textContent = `${shown.length} of ${parts.length}, ${bytes(sum)}`;
}

function row(part, words, open) {
  const name = element("button", { type: "button", title: "Show it in the treemap" }, ...marked(part.name, words));
  if (part.raw > 0) name.addEventListener("click", () => open(part));
  const copies = part.copies > 1 ? [element("small", {}, `× ${part.copies}`)] : [];
  const change = part.delta === 0 ? "" : signed(part.delta);
  const cells = [
    element("td", { class: "name" }, name, ...copies),
    element("td", { class: "wide" }, part.crate),
    element("td", { class: "wide" }, part.kind),
    element("td", { class: "number" }, grouped(part.raw)),
    element("td", { class: "number wide" }, grouped(part.gzip)),
    element("td", { class: `number ${part.delta > 0 ? "more" : "less"}` }, change),
  ];
  return element("tr", part.raw === 0 ? { class: "gone" } : {}, ...cells);
}

const classes = (column) => [column.text ? "" : "number", column.wide ? "wide" : ""].join(" ").trim();

/** Returns `text` with the matches of each word marked. */
function marked(text, words) {
  if (!words.length) return [text];
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pieces = text.split(new RegExp(`(${escaped.join("|")})`, "i"));
  return pieces.map((piece, index) => (index % 2 ? element("mark", {}, piece) : piece));
}
