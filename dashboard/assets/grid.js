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
