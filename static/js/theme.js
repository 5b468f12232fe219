// Theme: the server renders the cookie on <html data-theme>; the switch changes both at once.
export function startTheme() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-set-theme]");
    if (!button) return;
    const theme = button.dataset.setTheme;
    document.documentElement.dataset.theme = theme;
    document.cookie = `lane_theme=${theme}; path=/; max-age=31536000; samesite=lax`;
    document.querySelectorAll("[data-set-theme]").forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.setTheme === theme)));
  });
}
