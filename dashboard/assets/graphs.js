/* Figures: a click on a point opens its patient, and the axes that the reader moves are written into the address. */
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.graphs = (function () {
  "use strict";
  /* Every face that the words of a figure may need: plotly measures a text once, with the font that is there then. */
  ["400", "600"].forEach(function (weight) { document.fonts.load(weight + " 13px 'Noto Sans'", "a≥▾"); });
  var later = null;

  function ranges(text) {
    var found = {};
    (text || "").split("~").forEach(function (one) {
      var parts = /^([a-z-]+\.[xy]axis\d*)_(.+)$/.exec(one);
      if (parts) { found[parts[1]] = parts[2]; }
    });
    return found;
  }
  function number(value) {
    var plain = typeof value === "number" ? value : Date.parse(value.replace(" ", "T") + (value.length > 10 ? "Z" : ""));
    return String(Math.round(plain * 10000) / 10000);
  }
  function moved(found, figure, change) {
    Object.keys(change).forEach(function (key) {
      var part = /^([xy]axis\d*)\.(range\[0\]|range|autorange)$/.exec(key);
      if (!part) { return; }
      var axis = part[1], name = figure + "." + axis;
      var both = part[2] === "range" ? change[key] : [change[key], change[axis + ".range[1]"]];
      if (part[2] === "autorange") { delete found[name]; } else { found[name] = both.map(number).join("_"); }
    });
  }
  return {
    keep_zoom: function (change, figure) {
      if (!change) { return; }
      var address = new URL(window.location.href), found = ranges(address.searchParams.get("zoom"));
      moved(found, figure, change);
      var text = Object.keys(found).sort().map(function (name) { return name + "_" + found[name]; }).join("~");
      if (text === (address.searchParams.get("zoom") || "")) { return; }
      if (text) { address.searchParams.set("zoom", text); } else { address.searchParams.delete("zoom"); }
      window.history.replaceState(window.history.state, "", address.href);
      clearTimeout(later);  // one word to the server when the hand rests
      later = setTimeout(function () { window.dispatchEvent(new CustomEvent("_dashprivate_pushstate")); }, 250);
    },
    open_point: function (click) {
      var point = click && click.points && click.points[0], data = point && point.customdata;
      var href = Array.isArray(data) ? data[0] : data;
      if (typeof href === "string" && href.charAt(0) === "/" && href.charAt(1) !== "/") { window.followLink(href); }
    },
  };
})();
