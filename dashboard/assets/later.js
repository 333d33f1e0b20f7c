/* Mounts what dashboard/later.py holds back: when it comes near the window, on paper, and else when the browser rests. */
(function () {
  "use strict";
  var NEAR = "200px", HEIGHT = 150, REST = 600;  // ms: until what stands above has its height; until the browser rests
  // Dash shows a component that is drawn for the first time as the page brought it; answers that came since are in its
  // store, and are read from there where the component is not called new.
  function asItIsNow(child) {
    return React.isValidElement(child) ? React.cloneElement(child, { _newRender: 0 }) : child;
  }
  /* The page's request, when what came with it has been drawn: the server works for one part of a page at a time. Of
     another cut at once: a page does not show two for longer than its answers take. */
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.later = {
    rested: function (shown, stored, before) {
      if (!stored || !shown || (shown.layout && shown.layout.meta === "awaited")) { return window.dash_clientside.no_update; }
      if (before && before.cut !== stored.cut) { return stored; }
      return new Promise(function (asks) {
        requestAnimationFrame(function () {
          (window.requestIdleCallback || setTimeout)(function () { asks(stored); }, { timeout: REST });
        });
      });
    },
  };
  window.later = {
    Later: function (props) {
      var box = React.useRef(null), state = React.useState(false), mounted = state[0];
      React.useEffect(function () {
        if (mounted) { return undefined; }
        var mount = function () { state[1](true); };
        var print = function () { ReactDOM.flushSync(mount); };
        var watch = new IntersectionObserver(function (seen) {
          if (seen.some(function (one) { return one.isIntersecting; })) { mount(); }
        }, { rootMargin: NEAR });
        var rest = setTimeout(function () { (window.requestIdleCallback || setTimeout)(mount); }, REST);
        var look = setTimeout(function () { watch.observe(box.current); }, HEIGHT);
        window.addEventListener("beforeprint", print);
        return function () {
          watch.disconnect();
          clearTimeout(look);
          clearTimeout(rest);
          window.removeEventListener("beforeprint", print);
        };
      }, [mounted]);
      var place = mounted ? { ref: box } : { ref: box, className: "held-back", style: { minHeight: props.height } };
      return React.createElement("div", place, mounted ? React.Children.map(props.children, asItIsNow) : null);
    },
  };
})();
