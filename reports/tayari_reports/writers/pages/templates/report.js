"use strict";
(function () {
  // A link to something folded opens every fold around it.
  function reveal() {
    var name = location.hash.slice(1);
    try { name = decodeURIComponent(name); } catch (broken) { /* a stray % in a link: take it as it is */ }
    var place = name && document.getElementById(name);
    if (!place) { return; }
    for (var part = place; part; part = part.parentElement) {
      if (part.tagName === "DETAILS") { part.open = true; }
    }
    if (place.tagName === "TR" && place.hidden) { choose("all"); place.hidden = false; }
    place.scrollIntoView();
  }

  // All rules: buttons by state, and a search over the visible text.
  var bar = document.querySelector(".filter");
  var rows = Array.prototype.slice.call(document.querySelectorAll(".rules tbody tr"));
  var buttons = bar ? Array.prototype.slice.call(bar.querySelectorAll("button")) : [];
  var search = bar && bar.querySelector("input");
  var more = document.createElement("button");
  var state = "all";

  function choose(wanted) {
    state = wanted;
    most = STEP;
    buttons.forEach(function (button) { button.setAttribute("aria-pressed", String(button.dataset.state === state)); });
    apply();
  }

  // Ten thousand rows are searched on each key: their texts are read once, and a bounded number of rows is drawn.
  var items = rows.map(function (row) { return {row: row, text: null}; });
  var STEP = 500;
  var most = STEP;
  var order = {state: ["fail", "error", "unknown", "not_tested", "warn", "attested", "pass", "not_applicable"],
    severity: ["critical", "high", "medium", "low"]};

  function apply() {
    var words = search.value.trim().toLowerCase();
    var shown = 0;
    items.forEach(function (item) {
      var row = item.row;
      if (words && item.text === null) { item.text = row.textContent.toLowerCase(); }
      var fits = (state === "all" || row.dataset.state === state) && (!words || item.text.indexOf(words) !== -1);
      shown += fits ? 1 : 0;
      var hide = !fits || shown > most;
      if (row.hidden !== hide) { row.hidden = hide; }
    });
    more.hidden = shown <= most;
    more.textContent = "Show " + Math.min(STEP, shown - most) + " more";
    bar.querySelector("output").textContent = shown + " of " + rows.length + " rules";
  }

  function key(row, column, kind) {
    var text = row.cells[column].textContent.trim();
    if (kind === "number") { return parseFloat(text) || 0; }
    if (kind === "state") { return order.state.indexOf(row.dataset.state); }
    return kind === "severity" ? order.severity.indexOf(text) : text.toLowerCase();
  }

  function sort(head, column) {
    var down = head.getAttribute("aria-sort") === "ascending";
    document.querySelectorAll(".rules th[aria-sort]").forEach(function (other) { other.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    items.forEach(function (item, index) { item.index = index; item.key = key(item.row, column, head.dataset.sort); });
    items.sort(function (a, b) {
      var way = a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
      return (down ? -way : way) || a.index - b.index;
    });
    var body = document.querySelector(".rules tbody");
    items.forEach(function (item) { item.row.hidden = true; });
    body.append.apply(body, items.map(function (item) { return item.row; }));
    apply();
  }

  var heads = Array.prototype.slice.call(document.querySelectorAll(".rules th[data-sort]"));
  heads.forEach(function (head, column) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", function () { sort(head, column); });
    head.textContent = "";
    head.appendChild(button);
  });

  if (bar) {
    bar.hidden = false;
    buttons.forEach(function (button) { button.addEventListener("click", function () { choose(button.dataset.state); }); });
    search.addEventListener("input", function () { most = STEP; apply(); });
    more.type = "button";
    more.className = "more-rows";
    more.addEventListener("click", function () { most += STEP; apply(); });
    document.querySelector(".rules").after(more);
    apply();
  }

  // Paper cannot be unfolded: print the findings open, and put them back afterwards. Chromium prints the head of a table
  // on its first page alone where it holds a button.
  var opened = [];
  var sorters = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.prototype.slice.call(document.querySelectorAll("details.finding:not([open]), details.fold:not([open])"));
    opened.forEach(function (fold) { fold.open = true; });
    sorters = heads.map(function (head) { return head.firstChild; });
    heads.forEach(function (head) { head.textContent = head.textContent; });
    if (bar) { most = rows.length; apply(); }
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (fold) { fold.open = false; });
    heads.forEach(function (head, column) { head.replaceChildren(sorters[column]); });
  });

  window.addEventListener("hashchange", reveal);
  reveal();
})();
