// Any two levels of a comparison next to one another, by a switch in the bar of its tabs; the choice lasts.
(() => {
  const KEY = "rungs-levels";
  const wide = matchMedia("(min-width: 1400px)");
  const sets = [...document.querySelectorAll(".rungs-compare > .tabbed-set")];
  const names = set => [...set.querySelectorAll(":scope > .tabbed-labels > label")].map(label => label.textContent);
  const read = () => {
    try { return JSON.parse(localStorage.getItem(KEY)) || {}; } catch { return {}; }
  };
  const choice = { on: false, left: "NumPy", right: "Low-level PyTorch", ...read() };
  const bars = new Map();

  function select(set, side) {
    const box = document.createElement("select");
    box.setAttribute("aria-label", `Level on the ${side}`);
    for (const name of names(set)) box.add(new Option(name, name));
    box.addEventListener("change", () => { choice[side] = box.value; keep(); });
    return box;
  }

  // The two levels that a comparison can show: the chosen ones, or the nearest that it has.
  function pair(all) {
    const left = Math.max(all.indexOf(choice.left), 0);
    const right = all.indexOf(choice.right);
    return [left, right >= 0 && right !== left ? right : (left + 1) % all.length];
  }

  function show() {
    const on = choice.on && wide.matches;
    document.body.classList.toggle("rungs-beside-on", on);
    for (const [set, { toggle, boxes }] of bars) {
      set.classList.toggle("rungs-beside", on);
      toggle.setAttribute("aria-pressed", on);
      const places = pair(names(set));
      boxes.forEach((box, side) => { box.selectedIndex = places[side]; });
      [...set.querySelector(":scope > .tabbed-content").children].forEach((block, k) => {
        block.classList.toggle("rungs-left", on && k === places[0]);
        block.classList.toggle("rungs-right", on && k === places[1]);
        // The shorter one stays in sight beside the longer; one that is taller than the screen scrolls to its end first.
        block.style.top = on ? `min(4rem, 100vh - 1rem - ${block.offsetHeight}px)` : "";
      });
    }
  }

  function keep() {
    try { localStorage.setItem(KEY, JSON.stringify(choice)); } catch { /* a folder without storage: this page only */ }
    show();
  }

  for (const set of sets) {
    if (names(set).length < 2) continue;
    const bar = document.createElement("div");
    bar.className = "rungs-bar";
    const toggle = document.createElement("button");
    toggle.type = "button";
    toggle.textContent = "Side by side";
    toggle.addEventListener("click", () => { choice.on = !choice.on; keep(); });
    const boxes = ["left", "right"].map(side => select(set, side));
    bar.append(...boxes, toggle);
    set.querySelector(":scope > .tabbed-labels").after(bar);
    bars.set(set, { toggle, boxes });
  }
  wide.addEventListener("change", show);
  show();

  // A long line that goes on below is set in from where it begins.
  for (const line of document.querySelectorAll(":is(.rungs-compare, .rungs-eq-code, .rungs-wrap) pre > code [id^=__span]")) {
    line.style.setProperty("--indent", `${line.textContent.search(/\S|$/)}ch`);
  }

  // Boxes that scroll sideways say so by a fade at the edge, and can be reached by the keyboard.
  const boxes = document.querySelectorAll(".md-typeset pre > code, .md-typeset div.arithmatex");
  const mark = box => {
    const hidden = box.scrollWidth - box.clientWidth;
    box.classList.toggle("rungs-more", hidden > 1 && box.scrollLeft < hidden - 1);
    if (hidden > 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  const seen = new ResizeObserver(entries => entries.forEach(entry => mark(entry.target)));
  for (const box of boxes) {
    seen.observe(box);
    box.addEventListener("scroll", () => mark(box), { passive: true });
  }
})();
