// Keyboard: "/" search, "g" then a letter to go, j/k rows, x select, Enter opens, a/r to decide, "?" help.
// Off when the reader switched them off, and while typing.
const PLACES = { o: "overview", p: "pacing", a: "approvals", r: "recommendations", c: "changes", s: "settings" };
const KEY = "lane-shortcuts";
let going = 0;

export function startShortcuts(say) {
  const help = document.getElementById("shortcuts");
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-show-shortcuts]")) help?.showModal();
    const toggle = event.target.closest("[data-toggle-shortcuts]");
    if (toggle) {
      localStorage.setItem(KEY, off() ? "on" : "off");
      label(toggle);
      say(off() ? "Keyboard shortcuts are off." : "Keyboard shortcuts are on.");
    }
  });
  document.querySelectorAll("[data-toggle-shortcuts]").forEach(label);
  document.addEventListener("keydown", (event) => {
    if (off() || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, dialog, [contenteditable]")) return;
    if (act(event.key, help)) event.preventDefault();
  });
}

function off() {
  try { return localStorage.getItem(KEY) === "off"; } catch { return false; }
}

function label(button) {
  button.textContent = off() ? "Switch shortcuts on" : "Switch shortcuts off";
}

function act(key, help) {
  if (Date.now() - going < 1200 && PLACES[key]) {
    going = 0;
    const link = document.querySelector(`.side [data-count="${PLACES[key]}"]`)?.closest("a");
    if (link) { location.href = link.href; return true; }
    return false;
  }
  if (key === "g") { going = Date.now(); return true; }
  if (key === "?") { help?.showModal(); return true; }
  if (key === "/") return focus("[data-search]");
  if (key === "a") return focus("[data-decide=approve]");
  if (key === "r") return focus("[data-decide=decline]");
  if (key === "j" || key === "k") return move(key === "j" ? 1 : -1);
  if (key === "x") {
    const box = current()?.querySelector(".pick input");
    if (box) box.click();
    return Boolean(box);
  }
  if (key === "e") {
    const edit = current()?.querySelector("[data-edit]");
    edit?.click();
    return Boolean(edit);
  }
  if (key === "Enter" && document.activeElement === current()) {
    const link = current().querySelector("a[data-open], th a, td a");
    if (link) { location.href = link.href; return true; }
  }
  return false;
}

function focus(selector) {
  const element = document.querySelector(selector);
  element?.focus();
  return Boolean(element);
}

function current() {
  return document.querySelector("tr.row-focus");
}

function move(by) {
  const rows = [...document.querySelectorAll(".rows-open tbody tr")];
  if (rows.length === 0) return false;
  const now = rows.indexOf(current());
  const next = rows[Math.min(Math.max(now + by, 0), rows.length - 1)];
  rows[now]?.classList.remove("row-focus");
  next.classList.add("row-focus");
  next.tabIndex = -1;
  next.focus();
  return true;
}
