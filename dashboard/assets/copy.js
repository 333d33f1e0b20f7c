/* A button with data-copies puts the text of the element of that id on the clipboard, and says whether it could. */
(function () {
  "use strict";
  var SAID = 2500;  // ms
  /* Where the page may not use the clipboard of its own accord, as over plain HTTP, a selection can still be copied. */
  function selected(text) {
    var area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.appendChild(area);
    area.select();
    var done = document.execCommand("copy");
    area.remove();
    return done ? Promise.resolve() : Promise.reject(new Error("copy"));
  }
  function copied(text) {
    if (!navigator.clipboard) { return selected(text); }
    return navigator.clipboard.writeText(text).catch(function () { return selected(text); });
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("button[data-copies]");
    var source = button && document.getElementById(button.dataset.copies);
    if (!source) { return; }
    var words = button.dataset.words || button.textContent;
    button.dataset.words = words;
    var tell = function (said) {
      button.textContent = said;
      setTimeout(function () { button.textContent = words; }, SAID);
    };
    copied(source.textContent).then(function () { tell(button.dataset.done); }, function () { tell(button.dataset.failed); });
  });
})();
