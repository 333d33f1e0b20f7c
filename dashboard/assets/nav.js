/* Links between screens change the address without reloading the page, as dcc.Link does, wherever the link stands
   (a grid's cell included). With a modifier key or another button a link stays a link: open in a new tab, copy. */
(function () {
  "use strict";
  function internal(link) {
    return link && link.origin === window.location.origin && !link.hasAttribute("download") && !link.target;
  }
  function go(href) {
    var samePage = new URL(href).pathname === window.location.pathname;
    window.history.pushState({}, "", href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    if (!samePage) { window.scrollTo(0, 0); }
  }
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[href]");
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) { return; }
    if (!internal(link)) { return; }
    event.preventDefault();
    if (link.href !== window.location.href) { go(link.href); }
  });
  document.addEventListener("keydown", function (event) {
    var close = event.key === "Escape" && document.querySelector("#opened a.close");
    if (close) { go(close.href); }
  });
})();
