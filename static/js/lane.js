// What every page does in the browser. Pages work without it; it makes them live and quick.
import { startTheme } from "./theme.js";
import { startLive } from "./live.js";
import { startShortcuts } from "./shortcuts.js";
import { startChanged } from "./changed.js";

// Every HTMX request carries the CSRF token of the page.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = document.body.dataset.csrf;
});

// A failed request says so instead of leaving the page as if it had worked.
document.addEventListener("htmx:responseError", (event) => say(`The server refused this (${event.detail.xhr.status}). Reload the page and try again.`));
document.addEventListener("htmx:sendError", () => say("No connection. Nothing was sent; try again."));

export function say(words) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.dataset.toast = "";
  toast.setAttribute("role", "status");
  toast.append(Object.assign(document.createElement("span"), { textContent: words }));
  const close = Object.assign(document.createElement("button"), { className: "close", type: "button", textContent: "×" });
  close.dataset.close = "";
  close.setAttribute("aria-label", "Close");
  toast.append(close);
  document.getElementById("toasts")?.append(toast);
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-close], [data-step], [data-print], [data-select-all]");
  if (target?.matches("[data-close]")) target.closest("[data-toast]")?.remove();
  if (target?.matches("[data-print]")) window.print();
  if (target?.matches("[data-step]")) step(target);
  if (target?.matches("[data-select-all]")) selectAll(target);
  // A menu closes when the reader clicks elsewhere.
  document.querySelectorAll("details.chip[open], .person-menu[open], .phone-bar details[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelectorAll("details.chip[open], .person-menu[open], .phone-bar details[open]").forEach((menu) => {
    menu.open = false;
    menu.querySelector("summary").focus();
  });
});

// The minus and plus beside an amount: data-step="-1" data-for="input id"; the input's own step rules.
function step(button) {
  const input = document.getElementById(button.dataset.for);
  if (Number(button.dataset.step) > 0) input.stepUp(); else input.stepDown();
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

function selectAll(box) {
  box.closest("table").querySelectorAll("tbody .pick input").forEach((each) => { each.checked = box.checked; });
}

// A form that was sent cannot be sent again by a second click.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  form.querySelectorAll("button[type=submit], button:not([type])").forEach((button) => button.setAttribute("aria-disabled", "true"));
});
// Coming back with the back button makes a kept page usable again.
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => {
  delete form.dataset.sent;
  form.querySelectorAll("[aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
}));

// Filters made of selects send themselves: <form data-auto>.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]");
  if (form) form.requestSubmit();
});

startTheme();
startShortcuts(say);
startChanged();
startLive();
