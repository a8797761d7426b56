// The theme, before anything is painted. This file is no module, because those run later.

(() => {
  let theme = "";
  try { theme = localStorage.getItem("clawft.theme") ?? ""; } catch { /* the system's theme */ }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
