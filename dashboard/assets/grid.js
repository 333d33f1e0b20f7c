/* A count in a grid's cell: k/n as a link that opens its patients, and beside it the patients in doubt. */
var dagcomponentfuncs = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
dagcomponentfuncs.Count = function (props) {
  var cell = props.value;
  if (!cell) { return null; }
  var link = function (text, href, count, kind) {
    return React.createElement("a", { href: href, className: kind, title: cell.title, "data-count": count, key: kind }, text);
  };
  var parts = cell.text ? [link(cell.text, cell.href, cell.k, cell.k ? "count" : "count none")] : [];
  if (cell.doubt) { parts.push(link(cell.doubt, cell.doubt_href, cell.unknown, "count doubt")); }
  return React.createElement("span", { className: "counts" }, parts);
};

/* A patient's number, led by the colour of the dose level: the row holds `href` and `colour`. */
dagcomponentfuncs.Patient = function (props) {
  var row = props.data;
  if (!row) { return null; }
  var dot = React.createElement("span", { className: "dot", style: { backgroundColor: row.colour }, "aria-hidden": true });
  return React.createElement("a", { href: row.href, className: "grid-patient" }, dot, props.value);
};

/* A grade in its colour, with what is said of it; a range of grades, and grade 0, as text. */
dagcomponentfuncs.Grade = function (props) {
  var text = props.value || "";
  if (!/^[1-5](,|$)/.test(text)) { return text; }
  var digit = React.createElement("span", { className: "grade g" + text[0] }, text[0]);
  return React.createElement("span", null, digit, text.slice(1));
};

/* Paper cannot scroll: before printing, each grid is written out as a plain table with all of its rows, at once (a grid
   lays its own rows out later, when the page has been printed already), and the tables are taken away again after. */
(function () {
  "use strict";
  function cell(tag, text) {
    var made = document.createElement(tag);
    made.textContent = text;
    return made;
  }
  function said(value) {
    return value && typeof value === "object" ? [value.text, value.doubt].filter(Boolean).join(" ") : String(value == null ? "" : value);
  }
  function line(cells) {
    var row = document.createElement("tr");
    cells.forEach(function (one) { row.appendChild(one); });
    return row;
  }
  function plain(api) {
    var columns = api.getAllDisplayedColumns(), table = document.createElement("table"), head = document.createElement("thead");
    var body = document.createElement("tbody");
    head.appendChild(line(columns.map(function (one) {
      var group = one.getParent() && one.getParent().getColGroupDef();
      return cell("th", (group && group.headerName ? group.headerName + " " : "") + (one.getColDef().headerName || ""));
    })));
    api.forEachNodeAfterFilterAndSort(function (node) {
      var row = line(columns.map(function (one) {
        var value = api.getCellValue({ rowNode: node, colKey: one }), own = value && typeof value === "object";
        return cell("td", said(own ? value : api.getCellValue({ rowNode: node, colKey: one, useFormatter: true })));
      }));
      row.className = node.data.soc_row ? "soc" : "";
      body.appendChild(row);
    });
    table.append(head, body);
    table.className = "on-paper";
    return table;
  }
  function takeAway() {
    document.querySelectorAll("table.on-paper").forEach(function (one) { one.remove(); });
  }
  window.addEventListener("beforeprint", function () {
    takeAway();
    document.querySelectorAll(".ag-theme-quartz[id]").forEach(function (grid) {
      var api = window.dash_ag_grid && window.dash_ag_grid.getApi(grid.id);
      if (api) { grid.after(plain(api)); }
    });
  });
  window.addEventListener("afterprint", takeAway);
})();
