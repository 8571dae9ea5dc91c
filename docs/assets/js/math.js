// Draws every formula with KaTeX. Only pages with a formula load this file.
(() => {
  const draw = (node, tex, displayMode) => katex.render(tex, node, { displayMode, throwOnError: false, strict: "ignore" });

  for (const node of document.querySelectorAll(".arithmatex")) {
    const tex = node.textContent.trim();
    const display = tex.startsWith("\\[") || tex.startsWith("$$");
    draw(node, tex.replace(/^(\\\[|\\\(|\$\$)/, "").replace(/(\\\]|\\\)|\$\$)$/, ""), display);
  }

  // The table of contents repeats headings as plain text, formulas in their delimiters.
  for (const node of document.querySelectorAll(".md-nav__link .md-ellipsis")) {
    const parts = node.textContent.split(/\\\((.+?)\\\)/s);
    if (parts.length === 1) continue;
    node.textContent = "";
    parts.forEach((part, index) => {
      const span = document.createElement("span");
      if (index % 2) draw(span, part, false);
      else span.textContent = part;
      node.append(span);
    });
  }
})();
