/* Draws rectangles coloured by a signal as SVG; see dashboards/parts/tiles.py. */
(() => {
  const NS = "http://www.w3.org/2000/svg";
  const kept = new Map();
  const LEAST_PX = 5; /* Letters smaller than this are left out. */

  const make = (parent, tag, attributes = {}, text) => {
    const node = document.createElementNS(NS, tag);
    Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  };
  const html = (parent, tag, cls, text) => {
    const node = document.createElement(tag);
    node.className = cls;
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  };
  const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const colour = (scale, share) => {
    const at = Math.min(Math.max(share, 0), 1) * (scale.length - 1);
    const low = Math.min(Math.floor(at), scale.length - 2), part = at - low;
    const [a, b] = [rgb(scale[low]), rgb(scale[low + 1])];
    return a.map((one, i) => Math.round(one + (b[i] - one) * part));
  };
  const ink = (c) => {
    const linear = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    const light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    return light > 0.179 ? "#000000" : "#ffffff";
  };

  const bounds = (drawing) => {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    drawing.tiles.forEach((t) => {
      const turn = (t.turn * Math.PI) / 180;
      const w = (Math.abs(t.w * Math.cos(turn)) + Math.abs(t.h * Math.sin(turn))) / 2;
      const h = (Math.abs(t.w * Math.sin(turn)) + Math.abs(t.h * Math.cos(turn))) / 2;
      left = Math.min(left, t.x - w); right = Math.max(right, t.x + w);
      top = Math.min(top, t.y - h); bottom = Math.max(bottom, t.y + h);
    });
    drawing.labels.forEach((l) => {
      const wide = l.text.length * drawing.font * 0.62;
      const start = l.anchor === "end" ? l.x - wide : l.anchor === "middle" ? l.x - wide / 2 : l.x;
      left = Math.min(left, start); right = Math.max(right, start + wide);
      top = Math.min(top, l.y - drawing.font * 0.7); bottom = Math.max(bottom, l.y + drawing.font * 0.5);
    });
    if (!(right > left)) return [0, 0, 1, 1];
    const room = drawing.font * 0.6;
    return [left - room, top - room, right - left + 2 * room, bottom - top + 2 * room];
  };

  const go = (event, href) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    const target = new URL(href, location.href);
    window.dash_clientside.set_props("url", { pathname: target.pathname, search: target.search });
  };

  /* One tile is a stop of the tabulator, arrows go on from it: a hall of a thousand racks would
     otherwise be a thousand stops. */
  const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  const roam = (svg, parts) => {
    const stop = (at) => parts.forEach((part, k) => part.frame.setAttribute("tabindex", k === at ? 0 : -1));
    const held = (node) => parts.findIndex((part) => part.frame.contains(node));
    stop(0);
    svg.addEventListener("focusin", (event) => { const at = held(event.target); if (at >= 0) stop(at); });
    svg.addEventListener("keydown", (event) => {
      const way = ARROWS[event.key], at = held(event.target);
      if (!way || at < 0) return;
      event.preventDefault();
      const here = parts[at].tile;
      let best = -1, least = Infinity;
      parts.forEach(({ tile }, k) => {
        const [x, y] = [tile.x - here.x, tile.y - here.y];
        const along = x * way[0] + y * way[1], aside = Math.abs(x * way[1]) + Math.abs(y * way[0]);
        if (along > 1e-6 && along + 3 * aside < least) { least = along + 3 * aside; best = k; }
      });
      if (best >= 0) parts[best].frame.focus();
    });
  };

  const build = (box, drawing) => {
    box.replaceChildren();
    const stage = html(box, "div", "tiles-stage");
    const svg = make(stage, "svg", { viewBox: bounds(drawing).join(" "), class: drawing.tiles.length > 200 ? "dense" : "",
      preserveAspectRatio: drawing.top ? "xMidYMin meet" : "xMidYMid meet" });
    const id = "hatch-" + box.id, step = drawing.font * 0.5;
    const hatch = make(make(svg, "defs"), "pattern", { id, width: step, height: step,
      patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    make(hatch, "rect", { width: step, height: step, class: "hatch-ground" });
    make(hatch, "line", { x1: 0, y1: 0, x2: 0, y2: step, class: "hatch-line", "stroke-width": step * 0.45 });
    drawing.labels.forEach((l) => make(svg, "text", { x: l.x, y: l.y, "text-anchor": l.anchor,
      "dominant-baseline": "central", "font-size": drawing.font, class: "tiles-label" }, l.text));
    const tip = html(stage, "div", "tiles-tip");
    tip.setAttribute("role", "tooltip");
    const over = document.createElementNS(NS, "g");
    const parts = drawing.tiles.map((tile, at) => one(svg, drawing, tile, at, tip, stage, box.id, over));
    svg.append(over);
    roam(svg, parts);
    const least = Math.min(...parts.map((part) => part.size)), view = svg.viewBox.baseVal;
    new ResizeObserver(() => {
      const scale = Math.min(stage.clientWidth / view.width, stage.clientHeight / view.height);
      svg.classList.toggle("tiny", least * scale < LEAST_PX);
    }).observe(stage);
    const legend = html(box, "div", "tiles-legend");
    return { drawing, parts, legend, hatch: `url(#${id})`, values: { tips: [], texts: [], unit: "" } };
  };

  const one = (svg, drawing, tile, at, tip, stage, id, over) => {
    const frame = tile.href ? make(svg, "a", { href: tile.href }) : make(svg, "g");
    frame.setAttribute("class", "tile");
    const rect = make(frame, "rect", { x: tile.x - tile.w / 2, y: tile.y - tile.h / 2, width: tile.w,
      height: tile.h, transform: `rotate(${tile.turn} ${tile.x} ${tile.y})` });
    if (drawing.front) {
      make(frame, "line", { x1: tile.x - tile.w * 0.44, x2: tile.x + tile.w * 0.44, y1: tile.y - tile.h * 0.56,
        y2: tile.y - tile.h * 0.56, transform: `rotate(${tile.turn} ${tile.x} ${tile.y})`, class: "tile-front",
        "stroke-width": tile.h * 0.05 });
    }
    const edge = make(over, "rect", { x: tile.x - tile.w / 2, y: tile.y - tile.h / 2, width: tile.w,
      height: tile.h, transform: `rotate(${tile.turn} ${tile.x} ${tile.y})`, class: "tile-edge" });
    const halo = make(over, "rect", { x: tile.x - tile.w / 2, y: tile.y - tile.h / 2, width: tile.w,
      height: tile.h, transform: `rotate(${tile.turn} ${tile.x} ${tile.y})`, class: "tile-halo" });
    const upright = Math.abs(Math.cos((tile.turn * Math.PI) / 180)) > 0.7;
    const [wide, high] = upright ? [tile.w, tile.h] : [tile.h, tile.w];
    const flat = wide > 2.4 * high;
    const size = flat ? high * 0.44 : Math.min(high * 0.34, wide * 0.38);
    const lines = flat ? [tile.x - wide * 0.2, tile.y, tile.x + wide * 0.22, tile.y, size * 0.86]
      : [tile.x, tile.y - size * 0.42, tile.x, tile.y + size * 0.72, size * 0.84];
    const text = make(frame, "text", { x: tile.x, y: tile.y, "font-size": size,
      "text-anchor": "middle", "dominant-baseline": "central", class: "tile-text" });
    const note = make(frame, "text", { x: lines[2], y: lines[3], "font-size": lines[4],
      "text-anchor": "middle", "dominant-baseline": "central", class: "tile-note" });
    const mark = make(over, "text", { x: tile.x + wide / 2 - size * 0.1, y: tile.y - high / 2 + size * 0.1,
      "font-size": size * 1.15, "text-anchor": "end", "dominant-baseline": "hanging", class: "tile-mark" });
    const badge = make(over, "text", { x: tile.x - wide / 2 + size * 0.35, y: tile.y - high / 2 + size * 0.25,
      "font-size": size, "text-anchor": "start", "dominant-baseline": "hanging", class: "tile-badge" });
    if (tile.href) frame.addEventListener("click", (event) => go(event, tile.href));
    const show = () => {
      const here = stage.getBoundingClientRect(), there = rect.getBoundingClientRect();
      const { values } = kept.get(id);
      tip.textContent = values.tips[at] || `${tile.name}\n${values.texts[at]} ${values.unit}`;
      tip.style.display = "block";
      const x = there.left - here.left + there.width / 2;
      tip.style.left = `${Math.min(Math.max(x, 90), here.width - 90)}px`;
      const above = there.top - here.top > 84;
      tip.style.top = `${above ? there.top - here.top - 6 : there.bottom - here.top + 6}px`;
      tip.style.transform = above ? "translate(-50%, -100%)" : "translate(-50%, 0)";
    };
    const hide = () => { tip.style.display = "none"; };
    frame.addEventListener("pointerenter", show);
    frame.addEventListener("focus", show);
    frame.addEventListener("pointerleave", hide);
    frame.addEventListener("blur", hide);
    return { frame, rect, halo, edge, text, note, mark, badge, tile, lines, wide, flat, size };
  };

  const legend = (box, values, front) => {
    const key = [values.title, values.unit, values.low, values.high].join("|");
    if (box.dataset.key === key) return;
    box.dataset.key = key;
    box.replaceChildren();
    html(box, "span", "legend-title", `${values.title} [${values.unit}]`);
    html(box, "span", "legend-end", `${values.low}`);
    html(box, "span", "legend-bar").style.background = `linear-gradient(90deg, ${values.scale.join(",")})`;
    html(box, "span", "legend-end", `${values.high}`);
    if (front) html(box, "span", "legend-front", "▬ front");
    if (values.words[0]) html(box, "span", "legend-near", `▲ ${values.words[0]}`);
    if (values.words[1]) html(box, "span", "legend-over", `■ ${values.words[1]}`);
    html(html(box, "span", "legend-none", ""), "span", "legend-missing", "");
    box.lastChild.append("no reading");
  };

  const paint = (state, values) => {
    state.values = values;
    const ranks = new Map(values.marked.map((at, rank) => [at, (values.badges || [])[rank] || rank + 1]));
    state.parts.forEach((part, at) => {
      const value = values.values[at], level = values.levels[at];
      const missing = value === null || value === undefined;
      const share = (value - values.low) / (values.high - values.low || 1);
      const c = missing ? null : colour(values.scale, share);
      part.rect.style.fill = missing ? state.hatch : `rgb(${c.join(",")})`;
      const text = missing ? "" : values.texts[at];
      if (part.text.textContent !== text) part.text.textContent = text;
      part.text.style.fill = missing ? "var(--text)" : ink(c);
      const note = values.notes[at] || "";
      if (part.note.textContent !== note) {
        part.note.textContent = note;
        const fit = (part.wide * 0.78) / (0.6 * Math.max(note.length, 1));
        part.note.setAttribute("font-size", part.flat ? part.lines[4] : Math.min(part.lines[4], fit));
        part.text.setAttribute("x", note ? part.lines[0] : part.tile.x);
        part.text.setAttribute("y", note ? part.lines[1] : part.tile.y);
      }
      part.note.style.fill = part.text.style.fill;
      part.mark.textContent = level === 2 ? "■" : level === 1 ? "▲" : "";
      part.badge.textContent = ranks.has(at) ? `${ranks.get(at)}` : "";
      const cls = (level === 2 ? " over" : level === 1 ? " near" : "") + (ranks.has(at) ? " marked" : "");
      if (part.cls === cls) return;
      part.cls = cls;
      part.frame.setAttribute("class", "tile" + cls);
      part.edge.setAttribute("class", "tile-edge" + cls);
      part.halo.setAttribute("class", "tile-halo" + cls);
      part.mark.setAttribute("class", "tile-mark" + cls);
    });
    legend(state.legend, values, state.drawing.front);
  };

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.tiles = {
    draw: (values, scheme, drawing, id) => {
      const box = document.getElementById(id);
      if (!box || !drawing) return 0;
      let state = kept.get(id);
      if (!state || state.drawing !== drawing || !box.firstChild) {
        state = build(box, drawing);
        kept.set(id, state);
      }
      if (values) paint(state, values);
      return drawing.tiles.length;
    },
  };
})();
