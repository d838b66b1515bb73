// The page works without this script: it follows Airflow's theme, opens Airflow's own pages outside
// the frame, whose sandbox would not let a link do so, and fetches what comes from the lake.
"use strict";
const inFrame = window.parent !== window;

function followTheme() {
  const outer = window.parent.document.documentElement;
  const adapt = () => {
    const dark = outer.classList.contains("dark") || outer.dataset.theme === "dark";
    const light = outer.classList.contains("light") || outer.dataset.theme === "light";
    document.documentElement.style.colorScheme = dark ? "dark" : light ? "light" : "light dark";
  };
  adapt();
  new MutationObserver(adapt).observe(outer, { attributes: true, attributeFilter: ["class", "data-theme"] });
}

function openOutside(event) {
  const link = event.target.closest("a[target=_top]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const outer = window.parent.document.createElement("a");
  outer.href = link.href;
  outer.hidden = true;
  window.parent.document.body.append(outer);
  outer.click();
  outer.remove();
}

async function fetchPart(place) {
  const link = place.querySelector("a");
  place.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.href, { credentials: "same-origin" });
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    place.replaceChildren(...(part.querySelector("[data-part]") ?? part.body).childNodes);
  } catch {
    place.querySelector("p")?.append(" It could not be read.");
  }
  place.removeAttribute("aria-busy");
}

if (inFrame) {
  followTheme();
  document.addEventListener("click", openOutside);
}
document.querySelectorAll("[data-fetch]").forEach(fetchPart);
