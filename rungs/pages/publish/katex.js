// [{tex, display}, ...] on standard input -> the HTML of each, with MathML for screen readers, or {error}.
const katex = require("katex");

const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
const render = ({ tex, display }) => {
  try {
    return katex.renderToString(tex, { displayMode: display, output: "htmlAndMathml", strict: "ignore" });
  } catch (error) {
    return { error: error.message };
  }
};
process.stdout.write(JSON.stringify(given.map(render)));
