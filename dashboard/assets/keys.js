/* Keys that a page names itself: `aria-keyshortcuts` on a link follows it, on a summary opens its list. Whoever types,
   or moves in a table, keeps the keys to himself. */
(function () {
  "use strict";
  function isTaken(element) {
    if (!element.closest) { return false; }
    var table = element.closest(".listing");  // one that is wider than its box moves under the keys
    return Boolean(element.closest("input, textarea, select, [contenteditable], [role=listbox]")
      || (table && table.scrollWidth > table.clientWidth));
  }
  function named(key) {
    return Array.from(document.querySelectorAll("main [aria-keyshortcuts]")).find(function (one) {
      return one.getAttribute("aria-keyshortcuts") === key && one.getClientRects().length;
    });
  }
  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTaken(event.target)) { return; }
    if (event.key === "Escape") { closeMenus(null); return; }
    var found = named(event.key);
    if (!found) { return; }
    event.preventDefault();
    if (found.tagName === "SUMMARY") { openMenu(found); } else if (found.href !== window.location.href) { window.followLink(found.href); }
  });
  function openMenu(summary) {
    var menu = summary.parentElement;
    menu.open = !menu.open;
    var first = menu.open && menu.querySelector("a");
    if (first) { first.focus(); } else if (!menu.open) { summary.focus(); }
  }
  function closeMenus(except) {
    document.querySelectorAll("details.menu[open]").forEach(function (one) {
      if (!except || !one.contains(except)) { one.open = false; }
    });
  }
  document.addEventListener("pointerdown", function (event) { closeMenus(event.target); });
})();
