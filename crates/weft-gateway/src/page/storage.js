// Values that the browser keeps. Where storage is forbidden, they last as long as the page is open.

const memory = new Map();

function area(name) {
  return {
    get(key) {
      try { return window[name].getItem(key) ?? memory.get(key) ?? ""; } catch { return memory.get(key) ?? ""; }
    },
    set(key, value) {
      memory.set(key, value);
      try { window[name].setItem(key, value); } catch { /* kept in memory */ }
    },
    remove(key) {
      memory.delete(key);
      try { window[name].removeItem(key); } catch { /* kept in memory only */ }
    },
  };
}

// For all windows of this browser.
export const browser = area("localStorage");

// For this window.
export const tab = area("sessionStorage");

export const token = {
  get: () => browser.get("clawft.token"),
  set: (value) => browser.set("clawft.token", value),
  remove: () => browser.remove("clawft.token"),
};
