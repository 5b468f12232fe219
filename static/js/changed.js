// A value that changed by itself marks its cell for two seconds. Cells have data-key; a swap that brings
// the same key with other words marks it. Nothing else moves.
export function startChanged() {
  let before = new Map();
  document.addEventListener("htmx:beforeSwap", (event) => {
    before = read(event.detail.target ?? document);
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (before.size === 0) return;
    document.querySelectorAll("[data-key]").forEach((cell) => {
      const was = before.get(cell.dataset.key);
      if (was !== undefined && was !== words(cell)) mark(cell);
    });
    before = new Map();
  });
}

function words(cell) {
  return cell.textContent.replace(/\s+/g, " ").trim();
}

function read(root) {
  return new Map([...root.querySelectorAll("[data-key]")].map((cell) => [cell.dataset.key, words(cell)]));
}

function mark(cell) {
  cell.classList.add("changed");
  setTimeout(() => cell.classList.remove("changed"), 2000);
}
