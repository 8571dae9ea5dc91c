// What scrolls sideways can be reached with the keyboard, and has a name.
const REGIONS = { ".md-typeset__scrollwrap": "Table", "div.arithmatex": "Formula", "pre > code": "Code" };

function markScrolling() {
  for (const [query, label] of Object.entries(REGIONS)) {
    for (const node of document.querySelectorAll(`.md-typeset ${query}`)) {
      if (node.scrollWidth <= node.clientWidth) continue;
      node.tabIndex = 0;
      node.setAttribute("role", "region");
      node.setAttribute("aria-label", `${label}, scrolls sideways`);
    }
  }
}

addEventListener("load", markScrolling);
addEventListener("resize", markScrolling);
document.addEventListener("toggle", markScrolling, true);
document.addEventListener("change", markScrolling);
