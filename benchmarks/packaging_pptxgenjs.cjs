// The same titles, points, tables and charts as a deck of PptxGenJS's; prints the seconds it took.
const [, , modules, slides, target] = process.argv;
const PptxGenJS = require(`${modules}/node_modules/pptxgenjs`);
const told = JSON.parse(require("node:fs").readFileSync(slides, "utf8"));

const begun = process.hrtime.bigint();
const deck = new PptxGenJS();
deck.layout = "LAYOUT_WIDE";
for (const one of told) {
  const slide = deck.addSlide();
  const box = { x: 0.6, y: 1.75, w: 12.1, h: 4.8 };
  slide.addText(one.title, { x: 0.6, y: 0.5, w: 12.1, h: 1, fontSize: 26, bold: true });
  if (one.rows) slide.addTable(one.rows, { ...box, fontSize: 12 });
  if (one.points) slide.addText(one.points.map((text) => ({ text, options: { bullet: true } })), box);
  if (one.names) slide.addChart("bar", [{ name: "", labels: one.names, values: one.values }], box);
}
deck.writeFile({ fileName: target }).then(() => {
  process.stdout.write(String(Number(process.hrtime.bigint() - begun) / 1e9));
});
