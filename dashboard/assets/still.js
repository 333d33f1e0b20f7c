/* Draws what dashboard/still.py sends: as JSON, [tag, attributes, part ...], a group without a tag, or text. */
(function () {
  "use strict";
  var AT_ONCE = 30, STEP = 200;  // rows that a body begins with, and that are added each time the browser rests
  var rest = window.requestIdleCallback || setTimeout, noMore = window.cancelIdleCallback || clearTimeout;

  function element(kind, attributes, parts) {
    return React.createElement.apply(React, [kind, attributes].concat(parts.map(draw)));
  }
  function draw(part) {
    if (!Array.isArray(part)) { return part; }
    var tag = part[0], attributes = part[1], parts = part.slice(2);
    if (tag === "table" && attributes.sorts) { return React.createElement(Sorted, { table: part }); }
    if (tag === "tbody" && parts.length > AT_ONCE) { return React.createElement(Body, { attributes: attributes, rows: parts }); }
    if (tag === "select") { attributes = Object.assign({ onChange: choose }, attributes); }
    return element(tag || React.Fragment, attributes, parts);
  }
  /* A list shows what the page shows: what is picked goes into the address, and comes back with the page. */
  function choose(event) { window.chooseFromList(event.target.dataset.choice, event.target.value); }

  /* The first rows at once, the others when the browser rests, and all of them before printing. */
  function Body(props) {
    var state = React.useState(AT_ONCE), shown = state[0], all = props.rows.length, more = shown < all;
    React.useEffect(function () {
      if (!more) { return undefined; }
      var print = function () { ReactDOM.flushSync(function () { state[1](all); }); };
      var later = rest(function () { state[1](shown + STEP); });
      window.addEventListener("beforeprint", print);
      return function () {
        noMore(later);
        window.removeEventListener("beforeprint", print);
      };
    }, [shown, all]);
    var kind = [props.attributes.className, "held-back"].filter(Boolean).join(" ");
    var own = more ? Object.assign({}, props.attributes, { className: kind }) : props.attributes;
    return element("tbody", own, props.rows.slice(0, shown));
  }

  /* A table whose heads with `data-sort` sort it: the first click by the highest number or the first text, the second
     the other way round, the third as it came. Rows are sorted by the `data-value` of the cell; without one: last. */
  function Sorted(props) {
    var state = React.useState({ column: -1, down: false }), by = state[0];
    var attributes = Object.assign({}, props.table[1]);
    delete attributes.sorts;
    return element("table", attributes, props.table.slice(2).map(function (part) {
      if (part[0] === "thead") { return part.slice(0, 2).concat(part.slice(2).map(function (row) { return heads(row, by, state[1]); })); }
      return part[0] === "tbody" ? part.slice(0, 2).concat(sorted(part.slice(2), by)) : part;
    }));
  }
  function heads(row, by, choose) {
    return row.slice(0, 2).concat(row.slice(2).map(function (cell, column) {
      var kind = cell[1]["data-sort"];
      if (!kind) { return cell; }
      var chosen = by.column === column, first = kind === "number";  // down first
      var next = !chosen ? { column: column, down: first } : by.down === first ? { column: column, down: !first } : { column: -1, down: false };
      var button = ["button", { type: "button", className: "sorts", onClick: function () { choose(next); } }].concat(cell.slice(2));
      if (chosen) { button.push(["span", { className: "arrow", "aria-hidden": true }, by.down ? " ▼" : " ▲"]); }
      var said = { "aria-sort": chosen ? (by.down ? "descending" : "ascending") : "none" };
      return ["th", Object.assign({}, cell[1], said), button];
    }));
  }
  function sorted(rows, by) {
    if (by.column < 0) { return rows; }
    var value = function (row) { return (row[0] ? row : row[2])[by.column + 2][1]["data-value"]; };  // or of the first of a group
    var known = rows.filter(function (row) { return value(row) !== undefined; });
    var unknown = rows.filter(function (row) { return value(row) === undefined; });
    known.sort(function (one, other) {
      var a = value(one), b = value(other), order = typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
      return by.down ? -order : order;
    });
    return known.concat(unknown);
  }

  /* What comes again as it was is not drawn again: React passes over a part that is the same object. */
  window.still = {
    Still: function (props) {
      var kept = React.useRef({}), said = props.tree;
      if (kept.current.said !== said) { kept.current = { said: said, drawn: said === undefined ? null : draw(JSON.parse(said)) }; }
      return kept.current.drawn;
    },
  };
})();
