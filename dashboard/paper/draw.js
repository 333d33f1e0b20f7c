/* Draws the figures of the sheets, one after the other. A sheet is given its number when its figure stands whole: one
   without a number is refused (dashboard/paper/book.py). */
(async function () {
  "use strict";
  var HIGH = 1410;  // px that a sheet of paper has
  var FACES = ['400 13px "Noto Sans"', '600 13px "Noto Sans"', '400 13px "Noto Sans SC"', '700 13px "Noto Sans SC"'];
  function figureOf(sheet) {
    var data = sheet.querySelector("script[type='application/json']");
    return data && JSON.parse(data.textContent);
  }
  function isWhole(box, figure) {
    return box._fullData.length === figure.data.length && box.querySelector(".main-svg .xtitle") !== null;
  }
  async function draw(sheet, figure) {
    var box = sheet.querySelector(".figure");
    if (figure) {
      await Plotly.newPlot(box, figure.data, figure.layout, { staticPlot: true });
      if (!isWhole(box, figure)) { return; }
    }
    var number = sheet.querySelector(".sheet-number");
    number.textContent = number.dataset.number;
    number.href = number.dataset.mark;
    if (sheet.offsetHeight > HIGH) { sheet.style.zoom = HIGH / sheet.offsetHeight; }
  }
  var sheets = Array.from(document.querySelectorAll(".sheet")), figures = sheets.map(figureOf);
  var words = document.body.textContent + JSON.stringify(figures);
  await Promise.all(FACES.map(function (face) { return document.fonts.load(face, words); }));  // letters are measured
  for (var at = 0; at < sheets.length; at += 1) { await draw(sheets[at], figures[at]); }
})();
