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

  function apply() {
    var words = search.value.trim().toLowerCase();
    var shown = 0;
    rows.forEach(function (row) {
      var fits = (state === "all" || row.dataset.state === state) && row.textContent.toLowerCase().indexOf(words) !== -1;
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    bar.querySelector("output").textContent = shown + " of " + rows.length + " rules";
  }

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
