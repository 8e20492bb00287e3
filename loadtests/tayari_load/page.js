// The Payments tab of Locust's page: drawn in the place of the table that Locust itself shows there.
(() => {
  "use strict";
  const TAB = "payments", SVG = ["svg", "rect", "path", "text", "line", "title", "circle"];
  const NAMES = { payment_p95_s: "Settled within (95 of 100)", success_rate: "Payments that succeed", failure_rate: "Payments that fail",
    concurrent_users: "Users served at once" };
  const AT_LEAST = ["success_rate", "concurrent_users"], BAD = ["credited twice", "failed", "stuck"];

  const make = (tag, attributes = {}, ...children) => {
    const node = SVG.includes(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== undefined) node.setAttribute(name, value);
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  };
  const seconds = (value) => (value == null ? "–" : value < 1 ? `${(value * 1000).toFixed(0)} ms` : `${value.toFixed(2)} s`);
  const percent = (value, digits = 1) => (value == null ? "–" : `${(value * 100).toFixed(digits)} %`);
  const clock = (at) => `${Math.floor(at / 60)}:${String(Math.floor(at % 60)).padStart(2, "0")}`;
  const measured = (row) => (row.measured == null ? "no samples" : row.unit === "s" ? seconds(row.measured)
    : row.unit === "of payments" ? percent(row.measured) : `${row.measured}`);
  const limit = (row) => `${AT_LEAST.includes(row.name) ? "at least" : "under"} ${row.unit === "s" ? `${row.limit} s`
    : row.unit === "of payments" ? percent(row.limit, row.limit * 100 % 1 ? 1 : 0) : row.limit}`;
  const kindOf = (row) => (row.met === true ? "met" : row.met === false ? "missed" : "open");
  const named = (state, name) => state.thresholds.find((row) => row.name === name) || {};
  const countOf = (state, what) => Number((state.funnel.find((row) => row.what === what) || {}).count) || 0;

  const verdict = (state) => {
    const missed = state.thresholds.filter((row) => row.met === false);
    const money = countOf(state, "credited twice");
    const time = `${clock(state.elapsed_s)} min`, finished = state.phase === "finished";
    if (state.phase === "idle") return ["open", "No load yet", "Start one with Locust's form: New."];
    const open = state.faults.filter(([, end]) => end == null).map(([, , what]) => what);
    const now = open.length && state.phase === "running" ? ` · now: ${open.join(", ")}` : "";
    const when = { running: `running for ${time}${now}`, settling: "the load is over; payments under way may still settle", finished: `finished after ${time}` }[state.phase];
    if (money) return ["missed", `${money} credited twice`, when];
    if (missed.length) return ["missed", `${missed.length} threshold${missed.length > 1 ? "s" : ""} missed`, `${missed.map((row) => NAMES[row.name].toLowerCase()).join(", ")} · ${when}`];
    if (state.doubts.length) return ["open", "Performance cannot be judged", when];
    const met = state.thresholds.filter((row) => row.met).length;
    return met ? ["met", finished ? "Thresholds kept" : "Thresholds kept so far", `${met} of ${state.thresholds.length} can be judged · ${when}`]
      : ["open", "Too few payments to judge", when];
  };
  const banner = (state) => {
    const [kind, word, more] = verdict(state);
    return make("section", { class: `wide banner ${kind}`, id: "tayari-verdict" }, make("b", {}, word), make("span", {}, more));
  };

  const tiles = (state) => {
    const tile = (id, name, value, unit, more, kind) => make("div", { class: `tile ${kind || ""}`, id: `tayari-${id}` },
      make("span", {}, name), make("b", {}, value), unit ? make("em", {}, ` ${unit}`) : "", make("small", {}, more));
    const p95 = named(state, "payment_p95_s"), success = named(state, "success_rate"), twice = countOf(state, "credited twice");
    const arrivals = state.arrivals.open ? `${state.arrivals.planned} planned, ${state.arrivals.dropped} dropped` : "closed model";
    const [lag, lagUnit] = seconds(state.lag.p95_s).split(" "), [high, highUnit] = seconds(state.now.p95_s).split(" ");
    return make("section", { class: "wide tiles", "aria-label": "figures" },
      tile("started", "Started", state.now.started_per_s.toFixed(1), "/s", arrivals, state.arrivals.dropped > 0.02 * state.arrivals.planned ? "missed" : ""),
      tile("settled", "Settled", state.now.settled_per_s.toFixed(1), "/s", "mean of the last 10 s"),
      tile("p95", "Settled, p95", high, highUnit, `${limit(p95)}, whole run`, p95.met === false ? "missed" : ""),
      tile("success", "Success", success.measured == null ? "–" : (success.measured * 100).toFixed(1), "%", limit(success), success.met === false ? "missed" : ""),
      tile("flight", "In flight", `${state.now.in_flight}`, "", "started, no end yet"),
      tile("lag", "Callback lag, p95", lag, lagUnit, "from when it is due to its answer"),
      tile("twice", "Credited twice", `${twice}`, "", "money given away", twice ? "missed" : ""));
  };

  const funnel = (state) => {
    const most = Math.max(1, ...state.funnel.map((row) => Number(row.count) || 0));
    const rows = state.funnel.map((row) => {
      const number = Number(row.count) || 0, soft = row.what.startsWith("declined") ? "soft" : "";
      return make("tr", { class: BAD.includes(row.what) && number > 0 ? "bad" : soft }, make("th", { scope: "row" }, row.what),
        make("td", { class: "bar" }, make("i", { style: `width:${(100 * number) / most}%` })),
        make("td", { class: "num" }, `${row.count}`), make("td", { class: "num" }, row.share));
    });
    const head = make("tr", {}, make("th", { scope: "col" }, "Payments"), make("td", {}), make("th", { scope: "col", class: "num" }, "Count"),
      make("th", { scope: "col", class: "num" }, "Of started"));
    return make("section", { id: "tayari-funnel" }, make("table", {}, make("caption", {}, "From the click to the money"),
      make("thead", {}, head), make("tbody", {}, ...rows)));
  };

  const thresholds = (state) => {
    const box = make("section", { id: "tayari-thresholds" }, make("h3", {}, "Thresholds"));
    for (const row of state.thresholds) {
      const kind = kindOf(row), word = { met: "met", missed: "MISSED", open: "not judged" }[kind];
      box.append(make("div", { class: `threshold ${kind}` }, make("span", {}, `${NAMES[row.name] || row.name}: `, make("b", {}, measured(row)),
        `, ${limit(row)}`), make("strong", {}, word), make("small", {}, `${row.name}, ${row.samples} payments${row.reason ? `: ${row.reason}` : ""}`)));
    }
    if (state.faults.some(([, , what]) => what.startsWith("scenario ")))
      box.append(make("p", { class: "note" }, "A scenario was switched on. Payments that met it are no failures where the merchant refused them with an "
        + (state.phase === "finished" ? "answer, or showed as failed what nobody paid: they were taken out."
          : "answer. Those that nobody pays, and that it shows as failed, count as failures until the run ends, and are then taken out.")));
    return box;
  };

  // One chart: x in seconds of the run, the same for all three, so that a fault window is one column through them.
  const frame = (state, title, unit, top, legend) => {
    const W = Math.max(300, (panel.clientWidth || 940) - 36), H = 150, left = 46, right = W - 8, base = H - 20, roof = 16;
    const last = Math.max(30, state.elapsed_s, ...state.timeline.map((row) => row[0] + 1)), first = Math.max(0, last - state.shown_s);
    const x = (at) => left + ((at - first) / (last - first)) * (right - left), y = (value) => base - (Math.min(value, top) / top) * (base - roof);
    const svg = make("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": title });
    state.faults.forEach(([begin, end, what], number) => {  // numbers, as names do not fit; the note below the charts has the names
      const until = end == null ? state.elapsed_s : end;
      if (until < first) return;
      const at = x(Math.max(first, begin)), width = Math.max(2, x(until) - at - 2);  // the gap parts it from the next one
      svg.append(make("rect", { class: "fault", x: at, y: roof, width, height: base - roof, fill: "var(--bad)", "fill-opacity": 0.16 }, make("title", {}, what)),
        make("path", { class: "fault-begin", d: `M${at} ${roof}V${base}`, stroke: "var(--bad)", "stroke-width": 1 }),
        make("text", { class: "fault-number", x: at + width / 2, y: 11, "text-anchor": "middle", style: "fill: var(--bad)" }, `${number + 1}`));
    });
    for (const share of [0, 0.5, 1]) svg.append(make("line", { x1: left, x2: right, y1: y(share * top), y2: y(share * top), stroke: "var(--grid)" }),
      make("text", { x: left - 6, y: y(share * top) + 4, "text-anchor": "end" }, unit(share * top)));
    for (let part = 0; part <= 3; part += 1) {  // thirds: of 30 s and of 180 s they are whole seconds
      const at = first + ((last - first) * part) / 3;
      svg.append(make("text", { x: x(at), y: H - 5, "text-anchor": part === 0 ? "start" : part === 3 ? "end" : "middle" }, clock(at)));
    }
    const key = ([colour, text]) => make("span", {}, make("i", { style: `background:${colour}` }), text);
    const figure = make("figure", {}, make("figcaption", {}, title), svg, make("div", { class: "legend" }, ...legend.map(key)));
    const shown = (rows) => rows.filter((row) => row[0] >= first && row[0] <= last);
    const line = (rows, at, colour, width = 2) => {
      let pen = "M", before = -Infinity;
      const d = shown(rows).map((row) => {
        if (row[at] == null) { pen = "M"; return ""; }
        if (row[0] - before > 3) pen = "M";  // silence is a gap, not a slope
        const step = `${pen}${x(row[0] + 0.5).toFixed(1)} ${y(row[at]).toFixed(1)}${pen === "M" ? "h0.1" : ""}`;
        [pen, before] = ["L", row[0]];
        return step;
      }).join("");
      svg.append(make("path", { d, stroke: colour, fill: "none", "stroke-width": width, "stroke-linejoin": "round", "stroke-linecap": "round" }));
    };
    const wide = Math.max(1.5, ((right - left) / (last - first)) * 0.75);
    const bars = (rows, at, colour, on = () => 0) => shown(rows).forEach((row) => {
      if (row[at]) svg.append(make("rect", { x: x(row[0]) + wide * 0.15, y: y(on(row) + row[at]), width: wide, height: Math.max(1, base - y(row[at])), fill: colour }));
    });
    return { figure, svg, line, bars, y, left, right };
  };
  const ceiling = (value, least) => {
    const most = Math.max(least, value), power = 10 ** Math.floor(Math.log10(most));
    return [1, 2, 4, 5, 10].map((step) => step * power).find((step) => step >= most);
  };

  const charts = (state) => {
    const FAULT = state.faults.length ? [["color-mix(in srgb, var(--bad) 25%, transparent)", "fault window"]] : [];
    const rows = state.phase === "running" ? state.timeline.slice(0, -1) : state.timeline;  // the youngest second is not whole
    const p95 = named(state, "payment_p95_s");
    const flow = frame(state, "Payments per second", (value) => value.toFixed(value % 1 ? 1 : 0), ceiling(Math.max(0, ...rows.map((row) => Math.max(row[1], row[2] + row[4]))), 2),
      [["var(--good)", "settled"], ["var(--bad)", "failed or given up"], ["var(--started)", "started"], ...FAULT]);
    flow.bars(rows, 2, "var(--good)");
    flow.bars(rows, 4, "var(--bad)", (row) => row[2]);
    flow.line(rows, 1, "var(--started)");
    const slow = ceiling(Math.max(p95.limit * 1.05 || 0, ...rows.map((row) => row[3] || 0)), 0.1);
    const times = frame(state, "Time to settled, p95 of each second (below 20 payments: the slowest)", (value) => `${+value.toFixed(2)} s`, slow,
      [["var(--good)", "settled, p95"], ["var(--bad)", `threshold, ${p95.limit} s`], ...FAULT]);
    times.line(rows, 3, "var(--good)");
    if (p95.limit != null) times.svg.append(make("line", { x1: times.left, x2: times.right, y1: times.y(p95.limit), y2: times.y(p95.limit),
      stroke: "var(--bad)", "stroke-width": 1.5, "stroke-dasharray": "6 4" }));
    const answers = frame(state, "Time the merchant takes to answer a callback", (value) => seconds(value), ceiling(Math.max(0, ...state.lag.seconds.map((row) => row[2])), 0.02),
      [["var(--late)", "slowest of each second"], ["var(--started)", "p95 of each second"], ...FAULT]);
    answers.line(state.lag.seconds, 2, "var(--late)", 5);  // wider than the p95 on it, which is the same where callbacks are few
    answers.line(state.lag.seconds, 1, "var(--started)");
    const windows = state.faults.map(([begin, end, what], number) => `${number + 1} ${what}, ${clock(begin)} to ${end == null ? "now" : clock(end)}`).join("; ");
    return make("section", { class: "wide", id: "tayari-chart" }, make("h3", {}, "Over the run", make("small", {}, `the last ${state.shown_s} s`)),
      make("div", { class: "charts" }, flow.figure, times.figure, answers.figure), windows ? make("p", { class: "note" }, `Fault windows: ${windows}.`) : null,
      make("p", { class: "note", id: "tayari-lag-note" }, `Callback lag p95 ${seconds(state.lag.p95_s)}, answered by the merchant within p95 ` +
        `${seconds(state.lag.answer_p95_s)} (${state.lag.samples} callbacks). ${state.exact}`));
  };

  const trust = (state) => {
    const rows = state.processes.map((row) => make("tr", { class: (row.cpu_mean || 0) > state.busy ? "bad" : "" }, make("th", { scope: "row" }, row.name),
      make("td", { class: "bar" }, make("i", { style: `width:${Math.min(100, 100 * (row.cpu_mean || 0))}%` })), make("td", { class: "num" }, percent(row.cpu_mean, 0)),
      make("td", { class: "num" }, percent(row.cpu_peak, 0)), make("td", { class: "num" }, seconds(row.loop_lag_s)),
      make("td", { class: "num" }, row.memory_bytes ? `${(row.memory_bytes / 1e6).toFixed(0)} MB` : "–")));
    const head = ["Our own processes", "", "CPU", "peak", "loop lag", "memory"].map((name, at) => make(name ? "th" : "td", { class: at > 1 ? "num" : undefined }, name));
    const box = make("section", { class: "wide", id: "tayari-trust" }, make("table", {}, make("caption", {}, "Whose limit? "),
      make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)));
    box.append(make("p", { class: "note" }, state.doubts.length ? "Performance is not judged in this run; the money is:"
      : `Above ${percent(state.busy, 0)} of a core in a fifth of the seconds, or with fewer than 98 % of the planned arrivals, thresholds are not judged. Nothing of that so far.`));
    for (const line of [...state.doubts, ...state.warnings.filter((line) => !state.doubts.includes(line))]) box.append(make("p", { class: "doubt" }, line));
    if (state.search) box.append(make("p", {}, state.search));
    if (state.balance) box.append(make("p", { class: state.balanced ? "note" : "doubt", id: "tayari-balance" }, state.balance[0].toUpperCase() + state.balance.slice(1)));
    return box;
  };

  const switcher = () => {
    const choice = make("select", { id: "tayari-scenario", "aria-label": "scenario" }, make("option", { value: "" }, "payments succeed"));
    const button = make("button", { id: "tayari-play", type: "button" }, "Play from now on");
    const said = make("span", { id: "tayari-said", role: "status" });
    const show = (active, error) => {
      said.textContent = error || (active ? `playing ${active}` : "payments succeed");
      said.classList.toggle("playing", Boolean(error || active));
    };
    fetch("./tayari/scenarios").then((answer) => answer.json()).then((found) => {
      const groups = {};
      for (const name of found.scenarios) {
        const folder = name.split("/")[0];
        groups[folder] ||= choice.appendChild(make("optgroup", { label: folder }));
        groups[folder].append(make("option", { value: name }, name));
      }
      choice.value = found.active || "";
      show(found.active, found.error);
    }).catch((error) => show(null, `${error}`));
    button.addEventListener("click", async () => {
      try {
        const answer = await fetch("./tayari/scenario", { method: "POST", headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ scenario: choice.value || null }) });
        const found = await answer.json();
        show(found.active, found.error);
      } catch (error) { show(null, `${error}`); }
    });
    return make("section", { class: "wide", id: "tayari-switch" }, make("h3", {}, "What Daraja plays", make("small", {}, "works while the load runs")),
      make("div", { class: "controls" }, choice, button, said));
  };

  const isDark = () => {
    const [red, green, blue, alpha] = (getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g) || [255, 255, 255]).map(Number);
    return alpha !== 0 && 0.3 * red + 0.59 * green + 0.11 * blue < 128;
  };
  let panel = null;
  const draw = async () => {
    const wanted = new URLSearchParams(location.search).get("tab") === TAB;
    const root = document.getElementById("root");
    if (!wanted || !root) { if (panel) panel.hidden = true; return; }
    if (!panel) {
      panel = make("div", { id: "tayari" });
      panel.append(...Array.from({ length: 6 }, () => make("div")), switcher());
      panel.children[2].before(panel.lastChild);
    }
    const table = [...root.querySelectorAll("table")].filter((node) => !panel.contains(node)).pop();
    const place = table ? table.parentElement : null;
    if (place && panel.nextSibling !== place) place.before(panel);
    if (place) place.classList.add("tayari-replaced");
    panel.hidden = false;
    panel.classList.toggle("dark", isDark());
    const state = await (await fetch("./tayari/state")).json();
    const parts = [banner(state), tiles(state), null, funnel(state), thresholds(state), charts(state), trust(state)];
    parts.forEach((part, at) => { if (part) panel.children[at].replaceWith(part); });
  };
  const loop = () => draw().catch((error) => console.warn("Payments tab:", error)).finally(() => setTimeout(loop, 1000));
  loop();
})();
