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
    if (place.tagName === "TR" && place.hidden) { choose("all"); }
    place.scrollIntoView();
  }

  // All rules: buttons by state, and a search over the visible text.
  var bar = document.querySelector(".filter");
  var rows = Array.prototype.slice.call(document.querySelectorAll(".rules tbody tr"));
  var buttons = bar ? Array.prototype.slice.call(bar.querySelectorAll("button")) : [];
  var search = bar && bar.querySelector("input");
  var state = "all";

  function choose(wanted) {
    state = wanted;
    buttons.forEach(function (button) { button.setAttribute("aria-pressed", String(button.dataset.state === state)); });
    apply();
  }

  // Read once: ten thousand rows are searched on each key.
  var texts = null;
  var order = {state: ["fail", "error", "unknown", "not_tested", "warn", "attested", "pass", "not_applicable"],
    severity: ["critical", "high", "medium", "low"]};

  function apply() {
    var words = search.value.trim().toLowerCase();
    var shown = 0;
    texts = texts || rows.map(function (row) { return row.textContent.toLowerCase(); });
    rows.forEach(function (row, index) {
      var fits = (state === "all" || row.dataset.state === state) && (!words || texts[index].indexOf(words) !== -1);
      if (row.hidden === fits) { row.hidden = !fits; }
      shown += fits ? 1 : 0;
    });
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
    var keyed = rows.map(function (row, index) { return {row: row, index: index, key: key(row, column, head.dataset.sort)}; });
    keyed.sort(function (a, b) {
      var way = a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
      return (down ? -way : way) || a.index - b.index;
    });
    var sorted = document.createDocumentFragment();
    keyed.forEach(function (one) { sorted.appendChild(one.row); });
    document.querySelector(".rules tbody").appendChild(sorted);
  }

  document.querySelectorAll(".rules th[data-sort]").forEach(function (head, column) {
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
    search.addEventListener("input", apply);
    apply();
  }

  // Paper cannot be unfolded: print the findings open, and put them back afterwards.
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.prototype.slice.call(document.querySelectorAll("details.finding:not([open])"));
    opened.forEach(function (fold) { fold.open = true; });
  });
  window.addEventListener("afterprint", function () { opened.forEach(function (fold) { fold.open = false; }); });

  window.addEventListener("hashchange", reveal);
  reveal();
})();
