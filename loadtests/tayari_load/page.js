// The Payments tab of Locust's page: drawn above the table that Locust itself shows there.
(() => {
  "use strict";
  const TAB = "payments";
  const style = `
    #tayari { font: 14px/1.45 Roboto, system-ui, sans-serif; margin: 16px 0; display: grid; gap: 16px;
      grid-template-columns: 1fr 1fr; }
    @media (max-width: 800px) { #tayari { grid-template-columns: 1fr; } }
    #tayari section { border: 1px solid #8885; border-radius: 6px; padding: 12px 16px; min-width: 0; }
    #tayari h3 { margin: 0 0 8px; font-size: 15px; font-weight: 500; }
    #tayari .wide { grid-column: 1 / -1; }
    #tayari .bar { display: grid; grid-template-columns: 11em 1fr 6em; gap: 8px; align-items: center; margin: 3px 0; }
    #tayari .bar i { display: block; height: 12px; border-radius: 2px; background: #15803d; min-width: 1px; }
    #tayari .bar.bad i { background: #c62828; } #tayari .bar.soft i { background: #78909c; }
    #tayari .bar b { font-weight: 500; text-align: right; font-variant-numeric: tabular-nums; }
    #tayari .threshold { display: grid; grid-template-columns: 10em 1fr auto; gap: 8px; padding: 5px 8px; margin: 3px 0;
      border-left: 5px solid #78909c; border-radius: 3px; background: #78909c1a; }
    #tayari .threshold.met { border-color: #15803d; background: #15803d1f; }
    #tayari .threshold.missed { border-color: #c62828; background: #c6282838; font-weight: 500; }
    #tayari .note { opacity: .75; font-size: 13px; margin: 6px 0 0; } #tayari .doubt { color: #d84315; margin: 4px 0 0; }
    #tayari select, #tayari button { font: inherit; padding: 5px 8px; margin-right: 8px; max-width: 100%; }
    #tayari svg { width: 100%; height: 130px; display: block; } #tayari svg text { font-size: 11px; fill: currentColor; }
    #tayari .legend { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 13px; margin-top: 4px; }
    #tayari .legend i { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 5px; }`;

  const make = (tag, attributes = {}, ...children) => {
    const svg = ["svg", "rect", "path", "text", "line", "title"].includes(tag);
    const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };
  const seconds = (value) => value == null ? "unknown" : value < 1 ? `${(value * 1000).toFixed(0)} ms` : `${value.toFixed(2)} s`;
  const shown = (row) => {
    if (row.measured == null) return "no samples";
    if (row.unit === "s") return seconds(row.measured);
    return row.unit === "of payments" ? `${(row.measured * 100).toFixed(1)} %` : `${row.measured} ${row.unit}`;
  };
  const limit = (row) => {
    const sense = ["success_rate", "concurrent_users"].includes(row.name) ? "at least" : "under";
    return `${sense} ${row.unit === "s" ? `${row.limit} s` : row.unit === "of payments" ? `${row.limit * 100} %` : row.limit}`;
  };

  const funnel = (state) => {
    const box = make("section", { id: "tayari-funnel" }, make("h3", {}, "From the click to the money"));
    const most = Math.max(1, ...state.funnel.map((row) => Number(row.count) || 0));
    for (const row of state.funnel) {
      const number = Number(row.count) || 0;
      const bad = ["credited twice", "failed", "stuck"].includes(row.what) && number > 0;
      const kind = bad ? "bad" : row.what.startsWith("declined") ? "soft" : "";
      box.append(make("div", { class: `bar ${kind}` }, make("span", {}, row.what),
        make("i", { style: `width:${(100 * number) / most}%` }), make("b", {}, `${row.count}`)));
    }
    if (state.arrivals.open)
      box.append(make("p", { class: "note" }, `${state.arrivals.planned} arrivals planned, ${state.arrivals.dropped} dropped`));
    return box;
  };

  const thresholds = (state) => {
    const box = make("section", { id: "tayari-thresholds" }, make("h3", {}, "Thresholds"));
    for (const row of state.thresholds) {
      const kind = row.met === true ? "met" : row.met === false ? "missed" : "open";
      const word = { met: "met", missed: "MISSED", open: "open" }[kind];
      box.append(make("div", { class: `threshold ${kind}`, title: row.reason || "" }, make("span", {}, row.name),
        make("span", {}, `${shown(row)}, ${limit(row)} (${row.samples})`), make("b", {}, word)));
    }
    if (state.faults.some(([, , what]) => what.startsWith("scenario ")))
      box.append(make("p", { class: "note" }, "A scenario was switched on: payments that Daraja itself fails are no failures of the "
        + "merchant in the end, and are still counted as such here."));
    for (const doubt of state.doubts) box.append(make("p", { class: "doubt" }, doubt));
    box.append(make("p", { class: "note" }, state.exact));
    return box;
  };

  const chart = (state) => {
    const box = make("section", { class: "wide", id: "tayari-chart" },
      make("h3", {}, "Settled per second, callback answers, and fault windows"));
    const W = Math.max(320, (panel.clientWidth || 940) - 40), H = 130, base = H - 18, top = 14, last = Math.max(30, state.elapsed_s, ...state.timeline.map((r) => r[0]));
    const first = Math.max(0, last - 120), x = (at) => 34 + ((at - first) / (last - first)) * (W - 76);
    const most = Math.max(1, ...state.timeline.map((row) => Math.max(row[1], row[2])));
    const slow = Math.max(0.05, ...state.lag.seconds.map((row) => row[1]));
    const svg = make("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": "payments per second over time" });
    for (const [begin, end, what] of state.faults) {
      if (end < first) continue;
      const left = x(Math.max(first, begin));
      svg.append(make("rect", { class: "fault", x: left, y: top, width: Math.max(2, x(Math.max(end, begin)) - left),
        height: base - top, fill: "#c62828", "fill-opacity": 0.2 }, make("title", {}, what)),
        make("text", { x: left + 3, y: 10 }, what));
    }
    const width = Math.max(1.5, ((W - 76) / (last - first)) * 0.7);
    for (const row of state.timeline) {
      if (row[0] < first) continue;
      const height = (row[2] / most) * (base - top);
      svg.append(make("rect", { x: x(row[0]), y: base - height, width, height, fill: "#15803d" }));
    }
    const line = (rows, value, scale) => rows.filter((row) => row[0] >= first)
      .map((row, at) => `${at ? "L" : "M"}${x(row[0]).toFixed(1)} ${(base - (value(row) / scale) * (base - top)).toFixed(1)}`).join("");
    svg.append(make("path", { d: line(state.timeline, (row) => row[1], most), stroke: "#90a4ae", fill: "none", "stroke-width": 1.5 }),
      make("path", { d: line(state.lag.seconds, (row) => row[1], slow), stroke: "#f57c00", fill: "none", "stroke-width": 2 }),
      make("line", { x1: 34, x2: W - 42, y1: base, y2: base, stroke: "currentColor", "stroke-opacity": 0.4 }),
      make("text", { x: 2, y: top + 8 }, `${most}/s`), make("text", { x: W - 40, y: top + 8 }, seconds(slow)),
      make("text", { x: 34, y: H - 4 }, `${first.toFixed(0)} s`), make("text", { x: W - 66, y: H - 4 }, `${last.toFixed(0)} s`));
    const key = (colour, text) => make("span", {}, make("i", { style: `background:${colour}` }), text);
    box.append(svg, make("div", { class: "legend" }, key("#15803d", "settled per second"), key("#90a4ae", "started per second"),
      key("#f57c00", "slowest answer to a callback (right scale)"), key("#c6282855", "fault window")),
      make("p", { class: "note", id: "tayari-lag" }, `Callback lag p95 ${seconds(state.lag.p95_s)}, ` +
        `answered by the merchant within p95 ${seconds(state.lag.answer_p95_s)} (${state.lag.samples} callbacks)`));
    return box;
  };

  const switcher = () => {
    const choice = make("select", { id: "tayari-scenario", "aria-label": "scenario" }, make("option", { value: "" }, "payments succeed"));
    const button = make("button", { id: "tayari-play", type: "button" }, "Play from now on");
    const said = make("span", { id: "tayari-said", role: "status" });
    fetch("./tayari/scenarios").then((answer) => answer.json()).then((found) => {
      for (const name of found.scenarios) choice.append(make("option", { value: name }, name));
      choice.value = found.active || "";
      said.textContent = found.error || (found.active ? `playing ${found.active}` : "");
    });
    button.addEventListener("click", async () => {
      const answer = await fetch("./tayari/scenario", { method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ scenario: choice.value || null }) });
      const told = await answer.json();
      said.textContent = told.error || (told.active ? `playing ${told.active}` : "payments succeed");
    });
    return make("section", { class: "wide", id: "tayari-switch" }, make("h3", {}, "What Daraja plays"), choice, button, said);
  };

  let panel = null;
  const draw = async () => {
    const wanted = new URLSearchParams(location.search).get("tab") === TAB;
    const root = document.getElementById("root");
    if (!wanted || !root) { if (panel) panel.hidden = true; document.getElementById("tayari")?.style.setProperty("display", "none"); return; }
    if (!panel) {
      document.head.append(make("style", {}, style));
      panel = make("div", { id: "tayari" });
      panel.append(switcher(), make("div"), make("div"), make("div"));
    }
    const table = [...root.querySelectorAll("table")].pop();
    const place = table ? table.parentElement : null;
    if (place && panel.nextSibling !== place) place.before(panel);
    panel.style.removeProperty("display");
    panel.hidden = false;
    const state = await (await fetch("./tayari/state")).json();
    [funnel(state), thresholds(state), chart(state)].forEach((part, at) => panel.children[at + 1].replaceWith(part));
  };
  const loop = () => draw().catch((error) => console.warn("Payments tab:", error)).finally(() => setTimeout(loop, 1000));
  loop();
})();
