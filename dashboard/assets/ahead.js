/* The larger half of the grid's program comes only with the first grid: it is fetched when the browser rests, so that
   the first screen that has a grid does not wait for it. */
(function () {
  "use strict";
  var REST = 2000;  // ms after the page is loaded
  function fetchGrid() {
    var grid = document.querySelector('script[src*="/dash_ag_grid/"]'), more = new URL("async-community.js", grid.src).href;
    if (performance.getEntriesByName(more).length) { return; }
    document.head.append(Object.assign(document.createElement("script"), { src: more, async: true }));
  }
  window.addEventListener("load", function () {
    setTimeout(function () { (window.requestIdleCallback || setTimeout)(fetchGrid); }, REST);
  });
})();
