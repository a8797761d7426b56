// Budgets as bars and history as a line.

const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Returns a bar for each artifact: its size and the allowed growth; the end of the bar is the limit. */
function drawBudgets(place, data, measure) {
  place.replaceChildren();
  for (const [artifact, budget] of Object.entries(data.budgets)) {
    const built = data.artifacts[artifact];
    const last = data.history.findLast((entry) => entry.artifact === artifact);
    const size = built ? built[measure] : last ? last[measure] : null;
    if (size === null) continue;
    const { ratchet, allowed, limit } = budget[measure];
    const x = (bytes) => (100 * Math.min(bytes, limit)) / limit;
    const bar = svg("svg", { viewBox: "0 0 100 16", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { class: "track", width: 100, height: 16, rx: 1 }),
      svg("rect", { class: "room", width: x(allowed), height: 16, rx: 1 }),
      svg("rect", { class: size > allowed ? "fill over" : "fill", width: x(size), height: 16, rx: 1 }),
      svg("line", { class: "tick", x1: x(ratchet), x2: x(ratchet), y1: 0, y2: 16, "vector-effect": "non-scaling-stroke" }));
    const row = element("div", { class: "budget" },
      element("header", {}, element("b", {}, artifact),
        element("span", {}, `${bytes(size)} of ${bytes(limit)} (${percent(size, limit)})`)), bar);
    const room = allowed - size;
    const note = room >= 0 ? `${bytes(ratchet)} accepted; ${bytes(room)} left before a change has to say why.`
      : `${bytes(-room)} more than allowed: ${bytes(ratchet)} was accepted.`;
    row.append(element("p", {}, note + (budget.why ? ` “${budget.why}”` : "")));
    place.append(row);
  }
}

/** Returns the line of the accepted sizes of an artifact; its current size is the last point. */
function drawHistory(place, data, artifact, measure) {
  const entries = data.history.filter((entry) => entry.artifact === artifact);
  const now = { date: "now", revision: "", why: "this build", now: true, [measure]: data.artifacts[artifact][measure] };
  const points = [...entries, now];
  const [width, height, left, bottom, top] = [560, 210, 58, 24, 12];
  const sizes = points.map((point) => point[measure]);
  let [low, high] = [Math.min(...sizes), Math.max(...sizes)];
  const room = Math.max((high - low) * 0.15, high * 0.01);
  [low, high] = [Math.max(0, low - room), high + room];
  const x = (index) => (points.length === 1 ? width / 2 : left + 10 + ((width - left - 20) * index) / (points.length - 1));
  const y = (size) => top + ((high - size) / (high - low)) * (height - top - bottom);
  const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `Size of ${artifact} over time` });
  for (let step = 0; step <= 3; step += 1) {
    const size = low + ((high - low) * step) / 3;
    chart.append(svg("line", { class: "grid", x1: left, x2: width, y1: y(size), y2: y(size) }),
      svg("text", { x: left - 8, y: y(size) + 4, "text-anchor": "end" }, (size / 1000).toFixed(high < 1e6 ? 1 : 0) + " KB"));
  }
  const path = points.map((point, index) => `${index ? "L" : "M"}${x(index)},${y(point[measure])}`).join("");
  chart.append(svg("path", { class: "area", d: `${path}L${x(points.length - 1)},${height - bottom}L${x(0)},${height - bottom}Z` }),
    svg("path", { class: "line", d: path }));
  const words = element("p", {}, "Each point is a size that was accepted; the last is this build.");
  const every = Math.ceil(points.length / 6);
  points.forEach((point, index) => {
    const told = `${point.date}${point.revision ? ` (${point.revision.slice(0, 13)})` : ""}: ${bytes(point[measure])}. ${point.why}`;
    const dot = svg("g", { class: "point", tabindex: 0, role: "img", "aria-label": told },
      svg("circle", { cx: x(index), cy: y(point[measure]), r: 4, ...(point.now && { class: "now" }) }));
    ["focus", "pointerenter"].forEach((event) => dot.addEventListener(event, () => (words.textContent = told)));
    chart.append(dot);
    if (index % every === 0 || point.now) {
      chart.append(svg("text", { x: x(index), y: height - 4, "text-anchor": point.now ? "end" : index ? "middle" : "start" }, point.date));
    }
  });
  place.replaceChildren(chart, words);
}
