// What scrolls sideways can be reached with the keyboard, and has a name.
const REGIONS = { ".md-typeset__scrollwrap": "Table", "div.arithmatex": "Formula", "pre > code": "Code" };

function markScrolling() {
  for (const [query, label] of Object.entries(REGIONS)) {
    for (const node of document.querySelectorAll(`.md-typeset ${query}`)) {
      if (node.scrollWidth <= node.clientWidth) continue;
      node.tabIndex = 0;
      node.setAttribute("role", "group"); // not a region: those are landmarks, and a page has many of these
      node.setAttribute("aria-label", `${label}, scrolls sideways`);
    }
  }
}

addEventListener("load", markScrolling);
addEventListener("resize", markScrolling);
document.addEventListener("toggle", markScrolling, true);
document.addEventListener("change", markScrolling);

// The theme puts a <nav> into every block of code: a group of buttons, no landmark of the page.
const asGroups = () => document.querySelectorAll(".md-code__nav:not([role])").forEach(nav => nav.setAttribute("role", "group"));
new MutationObserver(asGroups).observe(document.body, { childList: true, subtree: true });
asGroups();
