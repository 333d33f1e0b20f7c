/* Runs in the patient's page: milliseconds from a key to the frame in which the next patient's stack is drawn, and the
   lengths of the frames while the pointer moves over it. */
(function () {
  "use strict";
  var begin = null, before = null, took = null, frames = [], last = null;
  function plot() { return document.querySelector("#patient-stack .js-plotly-plot"); }
  document.addEventListener("keydown", function () {
    begin = performance.now();
    before = plot() && plot().data;
    took = null;
  }, true);
  function look(now) {
    var here = plot();
    if (begin !== null && took === null && here && here.data && here.data !== before && here.querySelector(".mlayer path")) {
      took = performance.now() - begin;
    }
    if (last !== null) { frames.push(now - last); }
    last = now;
    requestAnimationFrame(look);
  }
  requestAnimationFrame(look);
  window.stepping = {
    took: function () { return took; },
    frames: function () { return frames.splice(0); },
  };
})();
