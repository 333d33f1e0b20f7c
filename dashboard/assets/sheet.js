/* A button with data-prints opens the browser's own printing. */
document.addEventListener("click", function (event) {
  if (event.target.closest && event.target.closest("button[data-prints]")) { window.print(); }
});
