/* The live indicator: asks which cut is current, and only announces; it never replaces what a reader is looking at. */
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.live = {
  poll: function () {
    var keep = window.dash_clientside.no_update;
    if (document.hidden) { return keep; }
    return fetch("/version", { cache: "no-cache" })
      .then(function (answer) { return answer.ok ? answer.json() : keep; })
      .catch(function () { return keep; });  // the server is away for a moment: the next tick asks again
  },
  stopped: function (live, onScreen) {
    var changed = live && typeof live.refused === "string" && live.refused !== (onScreen || "");
    return changed ? live.refused : window.dash_clientside.no_update;
  },
  /* Verdicts that others wrote, and a day that has begun: the page is asked for anew, of the cut that it shows. */
  renew: function (live) {
    var before = window.dash_clientside.live.said;
    if (live && typeof live.said === "string") { window.dash_clientside.live.said = live.said; }
    return before && live && live.said && live.said !== before ? live.said : window.dash_clientside.no_update;
  },
  /* What the page is laid out by: its language, for whoever has it read aloud, and its colours; a sheet is paper. */
  look: function (rendered) {
    if (!rendered) { return; }
    document.documentElement.lang = rendered[2] === "zh" ? "zh-CN" : "en";
    document.documentElement.dataset.theme = rendered[4] ? "light" : rendered[3];
  },
  /* Hidden or not: the notice, that the cut is still being made, the button that shows it. */
  announce: function (live, shown) {
    var ready = Boolean(live && live.cut && live.cut !== shown);
    var coming = Boolean(live && live.coming && live.coming !== shown);
    return [!(ready || coming), ready || !coming, !ready];
  },
};
/* A figure is measured with the letters it is drawn in: the Chinese ones are on their way before it is. */
(function () {
  "use strict";
  function fetchLetters(address) {
    if (new URL(address, window.location.href).searchParams.get("lang") !== "zh") { return; }
    ["400", "600"].forEach(function (weight) { document.fonts.load(weight + ' 14px "Noto Sans SC"', "窗口"); });
  }
  fetchLetters(window.location.href);
  document.addEventListener("pointerover", function (event) {
    var link = event.target.closest && event.target.closest("a[lang=zh]");
    if (link) { fetchLetters(link.href); }
  });
})();
