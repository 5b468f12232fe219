// Live pages: the socket only hints that something changed; the page then asks for its own parts again.
// An element with data-live-on="kind other-kind" gets the HTMX event "lane:refresh" when such a hint arrives
// (hx-trigger="lane:refresh"). Without a socket the same event comes every 20 seconds.
const POLL_MS = 20_000;
let socket = null;
let tries = 0;
let poll = null;

export function startLive() {
  const path = document.body.dataset.live;
  if (!path || !("WebSocket" in window)) { polling(); return; }
  window.addEventListener("offline", () => show("offline", "Offline"));
  window.addEventListener("online", () => open(path));
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !isOpen()) open(path); });
  open(path);
}

function isOpen() {
  return socket !== null && socket.readyState <= WebSocket.OPEN;
}

function open(path) {
  if (isOpen()) return;
  // The page says how old it is: what changed between its rendering and this socket is told as missed.
  const age = Math.ceil(performance.now()) + 500;
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}?age=${age}`);
  socket.addEventListener("open", () => {
    // What was missed while the socket was away is fetched once.
    if (tries > 0) refresh(null);
    tries = 0;
    clearInterval(poll);
    poll = null;
    show("live", "Live");
  });
  socket.addEventListener("message", (event) => {
    const hint = JSON.parse(event.data);
    if (hint.type === "missed") refresh(null); else refresh(hint.kind ?? "", hint.id ?? "");
  });
  socket.addEventListener("close", () => {
    tries += 1;
    polling();
    const wait = Math.min(30_000, 1000 * 2 ** Math.min(tries, 5)) * (0.75 + Math.random() / 2);
    if (!document.hidden) setTimeout(() => open(path), wait);
  });
}

function polling() {
  if (navigator.onLine) show("polling", "Every 20 s"); else show("offline", "Offline");
  poll ??= setInterval(() => { if (!document.hidden) refresh(null); }, POLL_MS);
}

// Several hints in a row are one refresh per element.
const waiting = new Set();
function refresh(kind, id = "") {
  document.querySelectorAll("[data-live-on]").forEach((element) => {
    const kinds = element.dataset.liveOn.split(/\s+/);
    const wanted = kind === null || kinds.some((each) => kind === each || kind.startsWith(`${each}.`) || each === "*");
    if (!wanted || (element.dataset.liveId && id && element.dataset.liveId !== id)) return;
    // Never replace a part in which somebody is typing.
    if (element.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) return;
    // Nor one that holds a form somebody opened.
    if (element.querySelector("[data-keep]")) return;
    if (waiting.has(element)) return;
    waiting.add(element);
    setTimeout(() => {
      waiting.delete(element);
      if (element.isConnected) window.htmx?.trigger(element, "lane:refresh");
    }, 150);
  });
}

function show(state, words) {
  document.querySelectorAll("[data-live-dot]").forEach((dot) => {
    if (dot.dataset.state === state) return;
    dot.dataset.state = state;
    dot.querySelector("[data-live-words]").textContent = words;
  });
}
