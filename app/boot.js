// Runs before Streamlit's own script, on every page load.
"use strict";
window.prerenderReady = false;
window.__streamlit = { BACKEND_BASE_URL: window.location.origin };

// Light unless the reader has chosen dark: a dark surround shifts how a stain looks. Streamlit
// keeps its own note for every address, so it is written for the address that is about to open.
(() => {
  const OURS = "healnet-theme";
  const { style } = document.documentElement;
  let chosen = "Light";
  style.colorScheme = "light dark";
  try {
    chosen = localStorage.getItem(OURS) === "Dark" ? "Dark" : "Light";
    localStorage.setItem(`stActiveTheme-${location.pathname}-v2`, JSON.stringify(chosen));
  } catch {
    return; // storage is off: the system's theme it is
  }
  style.colorScheme = chosen.toLowerCase(); // dialogs stand beside the part that Streamlit themes
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("[data-theme-switch]");
    if (!link) return;
    event.preventDefault();
    localStorage.setItem(OURS, chosen === "Dark" ? "Light" : "Dark");
    location.reload();
  });
})();
