/* Runs in every measured page before its own scripts: notes the frame since which the page has been whole, that is,
   every figure and grid in the window contains its data, the page's stamp is there, and no callback is under way but
   those of what lies below the window. Looked at once a frame, and only when something has changed: the looking must
   not take the time it measures. */
(function () {
  "use strict";
  var asking = 0, dirty = true, since = null, begin = 0;
  var plain = window.fetch;
  window.fetch = function (what) {
    var answer = plain.apply(window, arguments);
    if (String((what && what.url) || what).indexOf("_dash-") >= 0 && !isBelow(arguments[1])) {
      var ended = function () { asking -= 1; dirty = true; };
      asking += 1;
      dirty = true;
      answer.then(ended, ended);
    }
    return answer;
  };
  /* What lies below the window is asked for last: what is visible does not wait for it. */
  function isBelow(request) {
    return /"inputs":\[\{"id":\{"below":/.test(String(request && request.body));
  }
  function shown(selector) {
    return Array.from(document.querySelectorAll(selector)).filter(function (one) {
      var box = one.getBoundingClientRect();  // what has no size yet is awaited
      return one.getClientRects().length && box.top < window.innerHeight && box.bottom >= 0;
    });
  }
  function drawn(graph) {
    var plot = graph.querySelector(".js-plotly-plot");
    if (!plot || !plot.data || !plot._fullLayout) { return false; }
    var marks = ".mlayer path, .mlayer image, .mlayer text";
    return Boolean(plot.querySelector(plot.data.length ? marks : ".annotation"));  // without data: a sentence says so
  }
  /* What a page has is mounted later than its texts: a page is not whole before it. */
  var WITHOUT_FIGURES = {
    "/adverse-events": "#table-ae-terms tbody tr", "/patients": "main tbody tr", "/changes": "main .consequences",
    "/grading": "main #alerts",  // its figure stands below the window
  };
  function mounted() {
    var path = window.location.pathname, one = function (what) { return document.querySelector(what) !== null; };
    if (!one("main") || path === "/floor") { return one(".dash-graph") && one(".ag-root"); }  // bare, and the own floor
    return path === "/data" || one(WITHOUT_FIGURES[path] || "main .dash-graph");
  }
  function stamped() {
    var main = document.querySelector("main");
    if (!main) { return true; }  // a bare page has no stamp
    return document.querySelector("main .stamp") !== null || /cut [0-9a-f]{7}/.test(main.textContent);
  }
  function whole() {
    return asking === 0 && !shown("[data-dash-is-loading=true], main .job[role=status]").length &&
      !/^Updating/.test(document.title) && stamped() && mounted() && shown(".dash-graph").every(drawn) &&
      shown(".ag-root").every(function (grid) { return grid.querySelector(".ag-row .ag-cell"); });
  }
  function look() {
    if (dirty) {
      dirty = false;
      if (!whole()) { since = null; } else if (since === null) { since = performance.now(); }
    }
    requestAnimationFrame(look);
  }
  new MutationObserver(function () { dirty = true; }).observe(document, {
    subtree: true, childList: true, attributes: true, characterData: true,
  });
  document.addEventListener("click", function () { begin = performance.now(); since = null; dirty = false; }, true);
  window.bench = {
    /* Milliseconds from navigation or the last click to the first whole frame; null until it has stayed whole. */
    took: function (quiet) {
      return since !== null && performance.now() - since > quiet ? since - begin : null;
    },
  };
  requestAnimationFrame(look);
})();
