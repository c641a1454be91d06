"use strict";
// Sorting and filtering of the tables; without it the page is whole, only still.
(function () {
  function value(row, index, numeric) {
    const text = row.cells[index].dataset.sort;
    if (!numeric) { return text; }
    return text === "" ? NaN : Number(text);
  }

  // Empty cells come last in either direction; equal ones stay in their order.
  function compare(a, b, numeric, sign) {
    const noA = numeric ? Number.isNaN(a) : a === "";
    const noB = numeric ? Number.isNaN(b) : b === "";
    if (noA || noB) { return noA - noB; }
    if (numeric) { return sign * (a - b); }
    return sign * a.localeCompare(b, "en", { numeric: true });
  }

  function sort(table, header) {
    const headers = Array.from(header.parentNode.cells);
    const index = headers.indexOf(header);
    const numeric = header.dataset.kind === "number";
    const before = header.getAttribute("aria-sort");
    // Numbers start with the largest: the strongest locus is what is looked for.
    const first = numeric ? "descending" : "ascending";
    const other = numeric ? "ascending" : "descending";
    const now = before === first ? other : first;
    headers.forEach(function (one) {
      if (one.hasAttribute("aria-sort")) { one.setAttribute("aria-sort", "none"); }
    });
    header.setAttribute("aria-sort", now);
    const sign = now === "ascending" ? 1 : -1;
    const body = table.tBodies[0];
    const rows = Array.from(body.rows).map(function (row) {
      return { row: row, key: value(row, index, numeric) };
    });
    rows.sort(function (a, b) { return compare(a.key, b.key, numeric, sign); });
    rows.forEach(function (one) { body.appendChild(one.row); });
  }

  function filter(table, text, test, counter) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    Array.from(table.tBodies[0].rows).forEach(function (row) {
      const content = row.textContent.toLowerCase();
      const fits = (!test || row.dataset.test === test) &&
        words.every(function (word) { return content.includes(word); });
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    counter.textContent = shown + " of " + table.tBodies[0].rows.length + " shown";
  }

  document.querySelectorAll("table.sortable").forEach(function (table) {
    table.querySelectorAll("thead th button").forEach(function (button) {
      button.addEventListener("click", function () { sort(table, button.closest("th")); });
    });
  });

  const controls = document.getElementById("loci-filter");
  if (controls) {
    const table = document.getElementById("loci-table");
    const text = document.getElementById("loci-text");
    const test = document.getElementById("loci-test");
    const counter = document.getElementById("loci-count");
    const run = function () { filter(table, text.value, test.value, counter); };
    text.addEventListener("input", run);
    test.addEventListener("change", run);
    controls.addEventListener("submit", function (event) { event.preventDefault(); });
    controls.hidden = false;
    run();
  }
}());
