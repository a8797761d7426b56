// The squarified layout (Bruls, Huizing, van Wijk): a row along the shorter side gets cells as long as each makes
// the cells squarer.

/** Lays out `nodes` in a rectangle, largest `value` first, all above zero; returns `[node, x, y, width, height]`. */
function squarify(nodes, x, y, width, height) {
  const placed = [];
  let total = nodes.reduce((sum, node) => sum + node.value, 0);
  let index = 0;
  while (index < nodes.length && width > 0 && height > 0) {
    const side = Math.min(width, height);
    const scale = (width * height) / total;
    let end = index + 1;
    let sum = nodes[index].value;
    let worst = worstRatio(nodes, index, end, sum, side, scale);
    while (end < nodes.length) {
      const next = sum + nodes[end].value;
      const ratio = worstRatio(nodes, index, end + 1, next, side, scale);
      if (ratio > worst) break;
      [sum, worst, end] = [next, ratio, end + 1];
    }
    const thickness = (sum * scale) / side;
    let along = 0;
    for (const node of nodes.slice(index, end)) {
      const length = (node.value / sum) * side;
      placed.push(width >= height ? [node, x, y + along, thickness, length] : [node, x + along, y, length, thickness]);
      along += length;
    }
    if (width >= height) [x, width] = [x + thickness, width - thickness];
    else [y, height] = [y + thickness, height - thickness];
    [index, total] = [end, total - sum];
  }
  return placed;
}

function worstRatio(nodes, start, end, sum, side, scale) {
  const thickness = (sum * scale) / side;
  const ratio = (value) => {
    const length = (value * scale) / thickness;
    return Math.max(length / thickness, thickness / length);
  };
  return Math.max(ratio(nodes[start].value), ratio(nodes[end - 1].value));
}

/** Returns the tree of an artifact: crates, their modules, their functions; `measure` is `raw` or `gzip`. */
function treeOf(parts, measure) {
  const root = { key: "", label: "everything", level: 0, children: new Map(), value: 0 };
  for (const part of parts) {
    const value = part[measure];
    if (value <= 0) continue;
    const path = [[part.crate, "crate"], [part.module || "(root)", "module"], [part.name, "item"]];
    let node = root;
    node.value += value;
    for (const [label, kind] of path) {
      const key = `${node.key}\n${label}`;
      if (!node.children.has(key)) {
        node.children.set(key, { key, label, kind, level: node.level + 1, parent: node, children: new Map(), value: 0, was: 0 });
      }
      node = node.children.get(key);
      node.value += value;
      node.was += part.before ? part.before[measure] : 0;
    }
    node.part = part;
  }
  const sort = (node) => {
    node.children = [...node.children.values()].sort((a, b) => b.value - a.value);
    node.children.forEach(sort);
  };
  sort(root);
  return root;
}

/** Lays out the tree below `focus` in a rectangle: returns `{ node, x, y, width, height }`, outer nodes first. */
function layout(focus, width, height) {
  const boxes = [];
  const place = (node, x, y, width, height) => {
    // The only module of a crate would be a frame around the same cells.
    const only = node.children.length === 1 && node.children[0].kind === "module" && node.children[0].label === "(root)";
    const children = only ? node.children[0].children : node.children;
    for (const [child, cx, cy, cw, ch] of squarify(children, x, y, width, height)) {
      const gap = child.kind === "crate" ? 2 : 0.5;
      const box = { node: child, x: cx + gap, y: cy + gap, width: cw - 2 * gap, height: ch - 2 * gap };
      if (box.width < 1 || box.height < 1) continue;
      box.head = child.kind !== "item" && box.width > 46 && box.height > 40 ? (child.kind === "crate" ? 21 : 17) : 0;
      boxes.push(box);
      const edge = child.kind === "crate" ? 2 : 1;
      if (child.children.length) {
        place(child, box.x + edge, box.y + Math.max(box.head, edge), box.width - 2 * edge, box.height - Math.max(box.head, edge) - edge);
      }
    }
  };
  place(focus, 0, 0, width, height);
  return boxes;
}
