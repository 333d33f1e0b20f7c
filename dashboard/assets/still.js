/* Draws what dashboard/still.py sends: [tag, attributes, part ...], a group without a tag, or text. */
(function () {
  "use strict";
  function draw(part) {
    if (!Array.isArray(part)) { return part; }
    return React.createElement.apply(React, [part[0] || React.Fragment, part[1]].concat(part.slice(2).map(draw)));
  }
  window.still = { Still: function (props) { return draw(props.tree); } };
})();
