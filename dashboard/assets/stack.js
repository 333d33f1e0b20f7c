/* The patient's stack: one line through all panels, and the reading column that says what each of them shows there.
   All of it stands in the figure's own traces (dashboard/figures/readings.py): a move of the pointer asks nobody and
   draws nothing anew, it moves one element and changes texts. */
(function () {
  "use strict";
  var DOSE = 1, SLACK = 0.001, STILL = 4;  // d a single dose is named; d of rounding; px within which a press is a click

  // ---- what the figure says, sorted once a figure -------------------------------------------------------------------
  /* Name of a row -> {meta, samples: [{at, told}], times} or {meta, stretches: [{from, to, lane, told, dose}]}. */
  function gathered(traces) {
    var rows = new Map();
    traces.forEach(function (one) {
      if (!one.meta || !one.meta.reads) { return; }
      one.meta.rows.forEach(function (name, place) {
        if (!rows.has(name)) { rows.set(name, { meta: one.meta, place: place, samples: [], stretches: [] }); }
      });
      if (one.meta.reads === "samples") { addSamples(rows.get(one.meta.rows[0]).samples, one); } else { addStretches(rows, one); }
    });
    rows.forEach(function (row) {
      row.samples.sort(function (a, b) { return a.at - b.at; });
      row.stretches.sort(function (a, b) { return a.lane - b.lane || a.from - b.from; });
      row.times = Float64Array.from(row.samples, function (one) { return one.at; });
    });
    return rows;
  }
  function addSamples(samples, trace) {
    for (var i = 0; i < trace.x.length; i += 1) { samples.push({ at: trace.x[i], told: trace.customdata[i] }); }
  }
  function addStretches(rows, trace) {
    eachStretch(trace, function (one) {
      var row = rows.get(trace.meta.rows[trace.meta.wide ? 0 : one.lane]);
      if (row) { row.stretches.push(one); }
    });
  }
  function eachStretch(trace, use) {
    for (var i = 0; i < trace.x.length; i += 1) {
      var bar = trace.type === "bar", from = bar ? trace.base[i] : trace.x[i];
      use({ from: from, to: from + (bar ? trace.x[i] : 0), dose: bar ? "" : trace.meta.dose, told: trace.customdata[i],
        lane: trace.y[i] });
    }
  }

  // ---- looking a moment up ------------------------------------------------------------------------------------------
  /* The place of the value nearest to `x` in sorted times. */
  function nearest(times, x) {
    var low = 0, high = times.length - 1;
    while (high - low > 1) {
      var middle = (low + high) >> 1;
      if (times[middle] < x) { low = middle; } else { high = middle; }
    }
    return x - times[low] <= times[high] - x ? low : high;
  }
  /* [value, grade, under, whether it is far]. day: null for the last data. */
  function read(row, day, hand, words) {
    if (row.samples.length) {
      var found = row.samples[day === null ? row.samples.length - 1 : nearest(row.times, day)];
      return found.told.slice(0, 3).concat(day !== null && Math.abs(found.at - day) > hand.far);
    }
    var when = day === null ? hand.end : day;
    return when > hand.end + SLACK ? [words.later, row.meta.scales[row.place], "", true] : holding(row, when);
  }
  /* Where one stretch holds, with its days and source; several stand beside each other in the order of the lane. */
  function holding(row, day) {
    var texts = [], found = null;
    row.stretches.forEach(function (one) {
      if (day < one.from || day > (one.dose ? one.from + DOSE : one.to) + SLACK) { return; }
      var text = one.dose ? one.dose.replace("{what}", one.told[0]).replace("{hours}", Math.round(24 * (day - one.from))) : one.told[0];
      if (texts.indexOf(text) < 0) { texts.push(text); found = found || one; }
    });
    var under = texts.length === 1 && !row.meta.wide ? found.told.slice(-2).filter(Boolean).join(" · ") : "";
    return [texts.join(" · ") || none(row.meta.nones[row.place], day), row.meta.scales[row.place], under, !texts.length];
  }
  /* What is said where nothing holds: a text, or what was known from when on, [[day or null, text], ...]. */
  function none(said, day) {
    if (typeof said === "string") { return said; }
    return said.reduce(function (text, one) { return one[0] === null || one[0] <= day ? one[1] : text; }, "");
  }
  /* What is told of the bar or mark under the pointer, null where there is none. */
  function under(plot, day, height) {
    var layout = plot._fullLayout, found = null;
    plot.data.forEach(function (trace) {
      if (!trace.meta || trace.meta.reads !== "stretches") { return; }
      var axis = layout["yaxis" + trace.yaxis.slice(1)], y = height - axis._offset;
      if (y < 0 || y > axis._length) { return; }
      var lane = axis.range[1] + (axis.range[0] - axis.range[1]) * y / axis._length;
      var half = Math.max(typeof trace.width === "number" ? trace.width / 2 : 0, 0.5);
      var slack = 5 * (layout.xaxis.range[1] - layout.xaxis.range[0]) / layout.xaxis._length;
      eachStretch(trace, function (one) {
        if (Math.abs(one.lane - lane) <= half && day >= one.from - slack && day <= one.to + slack) { found = one.told; }
      });
    });
    return found;
  }

  // ---- the line and the column --------------------------------------------------------------------------------------
  var shown = null;  // of the figure on the page: its parts, its rows, what was last said
  /* The figure on the page with its rows; read anew when it was drawn with other data. */
  function figure() {
    var box = document.querySelector(".stack-figure"), plot = box && box.querySelector(".js-plotly-plot");
    if (!plot || !plot._fullLayout || !plot._fullLayout.xaxis || !plot.layout.meta) { return null; }
    var column = document.querySelector(".read");
    if (!shown || shown.plot !== plot || shown.data !== plot.data || shown.column !== column) {
      var held = shown && shown.plot === plot ? shown.held : null;  // the figure of another patient holds nothing
      shown = { plot: plot, data: plot.data, column: column, line: box.querySelector(".cross-hair"), held: held, rows: gathered(plot.data) };
      shown.cells = cells(column, shown.rows);
      if (!plot.readsAgain) { plot.readsAgain = true; plot.on("plotly_afterplot", function () { if (figure()) { say(shown.held); } }); }
    }
    return shown;
  }
  function cells(column, rows) {
    return Array.from(column ? column.querySelectorAll("[data-row]") : [], function (row) {
      var part = function (name) { return row.querySelector(".read-" + name); };
      return { row: rows.get(row.dataset.row), line: row, value: part("value"), grade: part("grade"), under: part("under") };
    }).filter(function (one) { return one.row; });
  }
  function put(element, text) {
    if (element.textContent !== text) { element.textContent = text; }
  }
  /* The column at that day of the axis; null: at the last data. */
  function say(day) {
    var words = shown.column.dataset, hand = shown.plot.layout.meta;
    shown.cells.forEach(function (cell) {
      var found = read(cell.row, day, hand, words);
      put(cell.value, found[0]);
      put(cell.grade, found[1]);
      put(cell.under, found[2]);
      cell.under.title = found[2];
      cell.line.classList.toggle("far", found[3]);
    });
    put(shown.column.querySelector(".read-at"), day === null ? words.last : words.at.replace("{day}", day.toFixed(1).replace("-0.0", "0.0")));
    put(shown.column.querySelector(".read-how"), day === null ? "" : moment(day, hand) + " · " + (shown.held === null ? words.follows : words.held));
    place(day);
  }
  /* By the calendar; where the infusion has no time of day, days are whole. */
  function moment(day, hand) {
    var when = new Date(Date.parse(hand.origin + "Z") + day * 864e5).toISOString();
    return when.slice(0, 10) + (hand.timed ? " " + when.slice(11, 16) : "");
  }
  function place(day) {
    var axis = shown.plot._fullLayout.xaxis, size = shown.plot._fullLayout._size;
    var x = day === null ? -1 : (day - axis.range[0]) / (axis.range[1] - axis.range[0]);
    shown.line.hidden = x < 0 || x > 1;
    if (shown.line.hidden) { return; }
    shown.line.style.top = size.t + "px";
    shown.line.style.height = size.h + "px";
    shown.line.style.transform = "translateX(" + (axis._offset + x * axis._length) + "px)";
    shown.line.classList.toggle("held", shown.held !== null);
  }
  function tell(told) {
    var box = shown.column.querySelector(".read-bar"), text = told ? told.slice(1).join("\n") : shown.column.dataset.bar;
    if (!box) { return; }  // no lane is drawn
    box.classList.toggle("quiet", !told);
    put(box, text);
  }

  // ---- the reader's hand --------------------------------------------------------------------------------------------
  var last = null, waiting = false, pressed = null;
  /* The day under an event, null outside the panels. */
  function dayAt(event) {
    var axis = shown.plot._fullLayout.xaxis, size = shown.plot._fullLayout._size, box = shown.plot.getBoundingClientRect();
    var x = event.clientX - box.left - axis._offset, y = event.clientY - box.top - size.t;
    if (x < 0 || x > axis._length || y < 0 || y > size.h) { return null; }
    return axis.range[0] + x / axis._length * (axis.range[1] - axis.range[0]);
  }
  function look() {
    waiting = false;
    if (!figure() || !shown.column) { return; }
    var day = dayAt(last);
    tell(day === null ? null : under(shown.plot, day, last.clientY - shown.plot.getBoundingClientRect().top));
    if (shown.held === null) { say(day); }
  }
  document.addEventListener("pointermove", function (event) {
    var inside = event.target.closest && event.target.closest(".stack-figure");
    if (!inside && !(shown && last)) { return; }
    last = inside ? event : null;
    if (!inside) { leave(); } else if (!waiting) { waiting = true; requestAnimationFrame(look); }
  });
  function leave() {
    if (!figure() || !shown.column) { return; }
    tell(null);
    if (shown.held === null) { say(null); }
  }
  document.addEventListener("pointerdown", function (event) {
    pressed = event.button === 0 && event.target.closest && event.target.closest(".stack-figure") && !event.target.closest("a") ? event : null;
  }, true);
  /* A press that did not move holds the line there; the next one frees it, a finger elsewhere moves it. */
  document.addEventListener("pointerup", function (event) {
    var from = pressed;
    pressed = null;
    if (!from || Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > STILL || !figure() || !shown.column) { return; }
    var day = dayAt(event), finger = event.pointerType === "touch";
    if (day === null) { return; }
    hold(shown.held === null || (finger && Math.abs(shown.held - day) > shown.plot.layout.meta.far) ? day : null, day);
  }, true);
  function hold(day, here) {
    shown.held = day;
    say(day === null ? here : day);
  }
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && figure() && shown.held !== null) { hold(null, null); }
  });
})();
