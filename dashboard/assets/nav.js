/* Links between screens change the address without reloading the page, as dcc.Link does, wherever the link stands
   (a grid's cell included). With a modifier key or another button a link stays a link: open in a new tab, copy. */
(function () {
  "use strict";
  function internal(link) {
    return link && link.origin === window.location.origin && !link.hasAttribute("download") && !link.target;
  }
  /* What decides the range of an axis: choosing another means that range, not the one moved to before. */
  var RANGES = ["period", "days", "scale"];
  function sameRanges(next, here) {
    return RANGES.every(function (one) { return next.searchParams.get(one) === here.searchParams.get(one); });
  }
  /* A link says all of what its own screen reads; what was chosen on others stays in the address. */
  var TOLD = JSON.parse(document.querySelector("meta[name=told-by-path]").content);
  var KNOWN = Object.keys(TOLD).reduce(function (all, path) { return all.concat(TOLD[path]); }, []);
  function carry(next, here) {
    var told = TOLD[here.pathname] || TOLD["/patient/"];
    here.searchParams.forEach(function (value, name) {
      var isOthers = KNOWN.indexOf(name) >= 0 && told.indexOf(name) < 0;
      if (isOthers && !next.searchParams.has(name)) { next.searchParams.set(name, value); }
    });
  }
  function inOrder(address) {
    var copy = new URL(address.href);
    copy.searchParams.sort();
    return copy.href;
  }
  /* On the same screen the axes that the reader has moved stay where they are, unless the link itself says otherwise. */
  function go(href) {
    var next = onThisScreen(new URL(href, window.location.href)), here = new URL(window.location.href);
    var samePage = next.pathname === here.pathname, zoom = here.searchParams.get("zoom");
    carry(next, here);
    if (samePage && zoom && sameRanges(next, here) && !next.searchParams.has("zoom")) { next.searchParams.set("zoom", zoom); }
    if (inOrder(next) === inOrder(here)) { return; }
    window.history.pushState({}, "", next.href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    if (!samePage) { window.scrollTo(0, 0); }
  }
  window.followLink = go;
  window.chooseFromList = function (name, value) {
    var address = new URL(window.location.href);
    if (value) { address.searchParams.set(name, value); } else { address.searchParams.delete(name); }
    go(address.href);
  };
  /* On a telephone a patient's stack begins with few panels; the reader unfolds the others. */
  function onThisScreen(next) {
    var narrow = window.matchMedia("(max-width: 480px)").matches;
    if (narrow && next.pathname.indexOf("/patient/") === 0 && !next.searchParams.has("folded")) { next.searchParams.set("folded", "few"); }
    return next;
  }
  window.history.replaceState(window.history.state, "", onThisScreen(new URL(window.location.href)).href);
  /* A link of a page, or one that plotly drew: an SVG link keeps its address elsewhere. */
  function linked(target) {
    var link = target.closest && target.closest("a");
    if (!link || typeof link.href === "string") { return link && link.hasAttribute("href") ? link : null; }
    var place = link.getAttributeNS("http://www.w3.org/1999/xlink", "href");
    return place ? Object.assign(document.createElement("a"), { href: place }) : null;
  }
  document.addEventListener("click", function (event) {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) { return; }
    var link = linked(event.target);
    if (!internal(link)) { return; }
    event.preventDefault();
    go(link.href);
  });
  document.addEventListener("keydown", function (event) {
    var close = event.key === "Escape" && document.querySelector("#opened a.close");
    if (close) { go(close.href); }
  });
})();
