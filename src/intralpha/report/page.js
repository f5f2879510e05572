"use strict";
(() => {
  const root = document.documentElement;
  const kept = (key, value) => {
    try { return value === undefined ? localStorage.getItem(key) : localStorage.setItem(key, value); } catch { return null; }
  };
  const language = (to) => { root.lang = to; kept("intralpha-language", to); };
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const asked = new URLSearchParams(location.search);
  const first = asked.get("lang") || kept("intralpha-language") || (navigator.language || "").slice(0, 2);
  root.lang = first === "zh" ? "zh" : "en";
  const theme = asked.get("theme") || kept("intralpha-theme");
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  document.addEventListener("DOMContentLoaded", () => {
    const on = (id, act) => document.getElementById(id)?.addEventListener("click", act);
    on("language", () => language(root.lang === "zh" ? "en" : "zh"));
    on("theme", () => { root.dataset.theme = dark() ? "light" : "dark"; kept("intralpha-theme", root.dataset.theme); });
    on("print", () => print());
    document.querySelectorAll("figure.chart svg").forEach(pointed);
    document.querySelectorAll(".key").forEach((key) => key.addEventListener("click", () => {
      const shown = key.getAttribute("aria-pressed") !== "true";
      key.setAttribute("aria-pressed", String(shown));
      key.dataset.s.split(" ").forEach((s) => key.closest("figure").querySelector(`g[data-s="${s}"]`)?.classList.toggle("off", !shown));
    }));
    document.querySelectorAll("table").forEach(saved);
  });
  addEventListener("beforeprint", () => document.querySelectorAll("details.section").forEach((d) => { d.open = true; }));
  const figure = (value, percent) => (value === null ? "–" : percent ? `${(100 * value).toPrecision(3)} %` : String(Number(value.toPrecision(4))));
  function pointed(svg) {
    const at = JSON.parse(svg.dataset.hover), box = svg.closest("figure");
    const line = svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path"));
    line.setAttribute("class", "cursor");
    const tip = box.appendChild(document.createElement("div"));
    tip.className = "tip"; tip.hidden = true; tip.setAttribute("role", "status");
    let place = -1;
    const show = (i) => {
      place = Math.max(0, Math.min(at.x.length - 1, i));
      line.setAttribute("d", `M${at.x[place]} 10V262`);
      tip.replaceChildren(Object.assign(document.createElement("b"), { textContent: at.t[place] }));
      for (const [s, en, zh, values] of at.s) {
        if (values[place] === null || svg.querySelector(`g[data-s="${s}"]`).classList.contains("off")) continue;
        const row = tip.appendChild(document.createElement("div"));
        row.appendChild(Object.assign(document.createElement("span"), { textContent: root.lang === "zh" ? zh : en }));
        row.appendChild(Object.assign(document.createElement("span"), { textContent: figure(values[place], at.p) }));
      }
      const right = at.x[place] > 300;
      tip.style.left = right ? "8px" : "auto"; tip.style.right = right ? "auto" : "8px";
      tip.hidden = false;
    };
    const hide = () => { tip.hidden = true; line.removeAttribute("d"); };
    const near = (event) => {
      const frame = svg.getBoundingClientRect(), x = (event.clientX - frame.left) / frame.width * 560;
      let best = 0;
      at.x.forEach((one, i) => { if (Math.abs(one - x) < Math.abs(at.x[best] - x)) best = i; });
      if (at.x.length) show(best);
    };
    svg.addEventListener("pointermove", near); svg.addEventListener("pointerdown", near);
    svg.addEventListener("pointerleave", hide); svg.addEventListener("blur", hide);
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, Home: -1e9, End: 1e9 }[event.key];
      if (step === undefined || !at.x.length) { if (event.key === "Escape") hide(); return; }
      event.preventDefault(); show(place + step);
    });
  }
  function saved(table) {
    const card = table.closest(".card");
    if (!card || card.classList.contains("facts")) return;
    const button = document.createElement("button");
    button.type = "button"; button.className = "save"; button.textContent = "csv";
    button.setAttribute("aria-label", "csv");
    const head = table.closest("figure")?.querySelector("figcaption") || card.querySelector("h3");
    if (head) head.prepend(button); else (table.closest(".scroll") || table).before(button);
    button.addEventListener("click", () => {
      const told = (cell) => cell.dataset.v ?? (cell.querySelector(root.lang === "zh" ? ".zh" : ".en") || cell).textContent.trim();
      const rows = [...table.rows].map((row) => [...row.cells].map((c) => `"${told(c).replaceAll('"', '""')}"`).join(","));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(["\ufeff" + rows.join("\n")], { type: "text/csv" }));
      link.download = `table-${[...document.querySelectorAll("table")].indexOf(table) + 1}.csv`;
      link.click(); URL.revokeObjectURL(link.href);
    });
  }
})();
