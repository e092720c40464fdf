/* The banner, the age of what is shown, the colour scheme, and coming back after a restart. */
(() => {
  const last = { tick: null, at: 0 };
  const byId = (id) => document.getElementById(id);
  const put = (id, text) => { const node = byId(id); if (node && node.textContent !== text) node.textContent = text; };

  const clock = (time_s, zone) => {
    const when = new Date(time_s * 1000);
    const shape = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit",
      minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: zone };
    const parts = Object.fromEntries(
      new Intl.DateTimeFormat("en-CA", shape).formatToParts(when).map((p) => [p.type, p.value]));
    const name = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "short" })
      .formatToParts(when).find((p) => p.type === "timeZoneName").value;
    return `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute}:${parts.second} ${name}`;
  };

  const span = (s) => {
    if (s < 60) return `${Math.floor(s)} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min`;
    return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  };

  let silent = 0, lost = false, back = false;

  const age = () => {
    const tick = last.tick, node = byId("age");
    if (!node || (!tick && !lost)) return;
    if (!tick) { put("age", "■ server not reached"); node.className = "age over"; return; }
    const old = (tick.age_s ?? 0) + (performance.now() - last.at) / 1000;
    let text = `data age ${span(old)}`, state = "fresh";
    if (lost) { text = `■ server not reached · ${text}`; state = "over"; }
    else if (tick.failure) { text = `■ loop stopped: ${tick.failure}`; state = "over"; }
    else if (tick.ended) { text = `▲ source ended · ${text}`; state = "near"; }
    else if (old > tick.stale_s) { text = `▲ stale · ${text}`; state = "near"; }
    put("age", text);
    node.className = "age " + state;
    document.body.classList.toggle("stale", state !== "fresh");
  };

  /* Whether the server still answers, once its ticks stay away. Dash stops trying to reconnect after
     some minutes, and never asks a restarted server for the page: then the page loads itself anew. */
  const reach = async () => {
    const quiet = performance.now() - last.at;
    if (quiet < 4000) { silent = 0; lost = back = false; return; }
    let answer = null;
    try { answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5000) }); } catch { /* told below */ }
    back = answer !== null && (back || lost);
    lost = answer === null;
    age();
    const wanted = back || (last.tick && !last.tick.ended && quiet > 60000);
    silent = wanted && answer && (await fetch("/readyz", { cache: "no-store" })).ok ? silent + 1 : 0;
    if (silent >= 10) location.reload();
  };

  const copied = (id, label, text) => {
    const pressed = (window.dash_clientside.callback_context.triggered || [])
      .some((one) => one.prop_id.endsWith(".n_clicks"));
    if (!pressed || !text) return [label, !text];
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    setTimeout(() => window.dash_clientside.set_props(id, { children: label }), 2000);
    return ["Copied", false];
  };

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.twin = {
    banner: (tick) => {
      if (!tick) return;
      last.tick = tick;
      last.at = performance.now();
      if (tick.mode) {
        const mode = byId("mode"), shapes = { LIVE: "●", REPLAY: "↻", "WHAT-IF": "◇" };
        put("mode", `${shapes[tick.mode] || ""} ${tick.mode}`);
        document.querySelector(".banner").dataset.mode = tick.mode;
        put("label", tick.label);
        byId("label").title = tick.label;
        put("clock", clock(tick.time_s, tick.zone));
        byId("clock").title = new Date(tick.time_s * 1000).toISOString();
        mode.title = "What feeds the twin";
        const words = [tick.over ? `■ ${tick.over} over or down` : "", tick.near ? `▲ ${tick.near} near` : ""];
        put("wrong-count", words.filter(Boolean).join(" · ") || "within limits");
        byId("wrong-count").className = "count " + (tick.over ? "over" : tick.near ? "near" : "");
        byId("wrong-count").title = "Limits exceeded or near; the Site page lists them";
      }
      age();
    },
    address: (query) => {
      if (query === undefined || query === null) return window.dash_clientside.no_update;
      history.replaceState(history.state, "", location.pathname + query);
      return query;
    },
    copyCurl: (clicks, text) => copied("place-copy", "Copy as curl", text),
    copySbatch: (clicks, text) => copied("place-sbatch", "Copy as sbatch", text),
  };

  /* What a term means, beside it, when it is pointed at or focused. */
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  let told = null;
  const tell = (event) => {
    const node = event.target.closest ? event.target.closest("[data-tip]") : null;
    if (node === told) return;
    if (told) told.removeAttribute("aria-describedby");
    told = node;
    if (!node) { tip.remove(); return; }
    tip.textContent = node.dataset.tip;
    node.setAttribute("aria-describedby", "tip");
    document.body.append(tip);
    const there = node.getBoundingClientRect(), own = tip.getBoundingClientRect();
    const left = Math.min(Math.max(there.left, 8), innerWidth - own.width - 8);
    const below = there.bottom + 6 + own.height < innerHeight;
    tip.style.left = `${left}px`;
    tip.style.top = `${below ? there.bottom + 6 : there.top - own.height - 6}px`;
  };
  ["pointerover", "focusin"].forEach((kind) => document.addEventListener(kind, tell));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tell({ target: document }); });

  const scheme = () => {
    const root = document.documentElement;
    const name = root.getAttribute("data-mantine-color-scheme") === "dark" ? "dark" : "light";
    document.body.dataset.agThemeMode = name;
    try { window.dash_clientside.set_props("scheme", { data: name }); } catch { /* not drawn yet */ }
  };
  new MutationObserver(scheme).observe(document.documentElement,
    { attributes: true, attributeFilter: ["data-mantine-color-scheme"] });
  const waiting = setInterval(() => { if (byId("page")) { clearInterval(waiting); scheme(); } }, 50);
  setInterval(age, 1000);
  setInterval(() => reach().catch(() => { silent = 0; }), 3000);
})();
