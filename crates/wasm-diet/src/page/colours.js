// The colours of parts: by the owner of the bytes, or by their change.

const FAMILIES = [
  { get name() { return data.own || "own code"; }, hue: 48, chroma: 0.12, has: (part) => part.kind === "code" && Boolean(data.own) && part.crate.startsWith(data.own) },
  { name: "Rust's own library", hue: 255, chroma: 0.07, has: (part) => ["core", "alloc", "std", "compiler_builtins"].includes(part.crate) },
  { name: "C library", hue: 305, chroma: 0.09, has: (part) => part.crate === "wasi-libc" },
  { name: "bindings and glue", hue: 195, chroma: 0.07, has: (part) => /^(wit|wasi|wasm)/.test(part.crate) && part.kind === "code" },
  { name: "other crates", hue: 150, chroma: 0.09, has: (part) => part.kind === "code" },
  { name: "static data", hue: 95, chroma: 0.1, has: (part) => part.kind === "data" },
  { name: "component types", hue: 350, chroma: 0.07, has: (part) => part.kind === "component" },
  { name: "structure and metadata", hue: 0, chroma: 0, has: () => true },
];

const FATES = [
  { name: "grown", hue: 35, chroma: 0.1 },
  { name: "added", hue: 20, chroma: 0.17 },
  { name: "shrunk", hue: 225, chroma: 0.1 },
  { name: "unchanged", hue: 80, chroma: 0.006 },
];

const familyOf = (part) => FAMILIES.find((family) => family.has(part));

function fateOf(part) {
  if (!part.before) return FATES[1];
  if (part.raw > part.before.raw) return FATES[0];
  return part.raw < part.before.raw ? FATES[2] : FATES[3];
}

/** The distance between the hues of a family's crates. */
const STEPS = [0, 16, -14, 30, -26];

const shades = new Map();

/** Returns the family's colour, slightly different for each of its crates. */
function shadeOf(part) {
  const family = familyOf(part);
  if (!shades.has(part.crate)) {
    const before = [...shades.values()].filter((other) => other.family === family).length;
    shades.set(part.crate, { family, hue: family.hue + STEPS[before % STEPS.length], chroma: family.chroma });
  }
  return shades.get(part.crate);
}

/** Returns hue and chroma of a part; a change has more chroma if it is a larger share of the part. */
function colourOf(part, by) {
  if (by === "owner") return shadeOf(part);
  const fate = fateOf(part);
  if (fate.name !== "grown" && fate.name !== "shrunk") return fate;
  const share = Math.abs(part.raw - part.before.raw) / Math.max(part.before.raw, 1);
  return { hue: fate.hue, chroma: 0.025 + 0.145 * Math.min(1, 1.5 * Math.sqrt(share)) };
}
