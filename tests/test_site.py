"""The site builds without a warning, fetches nothing, and every page draws in a browser without an error."""

from __future__ import annotations

import json
import re
import socket
import tomllib
from pathlib import Path
from typing import ClassVar

import pytest

pytest.importorskip("mkdocs", reason="the site needs Python 3.11.5 or newer and the group docs")

from mkdocs.exceptions import PluginError

import mkdocs_hooks
from rungs.catalogue.loading import all_exercises
from rungs.errors import RungsError
from rungs.pages.building import serve
from rungs.pages.graph import chapter_graph
from rungs.pages.publish import code, mathematics
from rungs.pages.publish.files import shown_chapters
from rungs.pages.publish.folding import fold, folds
from tests.browser import drive, need_browser, pages
from utils.chapters import ROOT, all_chapters, written_chapters


def test_every_written_chapter_has_its_pages(site: Path) -> None:
    for chapter in shown_chapters():
        assert (site / chapter.folder / "index.html").exists()
        for level in chapter.levels:
            for path in (chapter.path / level).glob("*.py"):
                assert (site / f"{path.relative_to(ROOT)}.html").exists()
    for exercise in all_exercises():
        if exercise.chapter in shown_chapters():
            page = (site / exercise.path.relative_to(ROOT) / "index.html").read_text(encoding="utf-8")
            assert page.count("<details") >= 5
            assert "Solution" in page
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    assert not [
        entry for entry in index["docs"] if "solution.py" in entry["text"] and "/exercises/" in entry["location"]
    ]


def test_each_comparison_is_a_group_of_tabs(site: Path) -> None:
    for chapter in shown_chapters():
        for path in chapter.path.glob("code*.md"):
            asked = path.read_text(encoding="utf-8").count("<!-- compare: ")
            page = (site / chapter.folder / f"{path.stem}.html").read_text(encoding="utf-8")
            assert page.count('class="tabbed-set ') == asked, path


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RungsError, match=rf"port {port} cannot be used \(.*\); try: rungs site --port {port + 1}"):
            serve(port)


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    fetched = re.compile(r'<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)="(?:https?:)?//[^"]*"')
    for name in pages(site):
        assert fetched.findall((site / name).read_text(encoding="utf-8")) == [], name
    for style in site.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import )['\"]?(?:https?:)?//", style.read_text(encoding="utf-8")) == [], style


def test_formulas_are_drawn_and_load_a_style_sheet_alone(site: Path) -> None:
    both = [site / "07_Transformer" / f"{name}.html" for name in ("theory", "theory_training")]
    theory, training = (page.read_text(encoding="utf-8") for page in both)
    assert (theory + training).count('class="katex"') > 200
    assert "<math " in theory and 'href="../assets/katex/katex.css"' in theory
    for name in pages(site):
        page = (site / name).read_text(encoding="utf-8")
        page = re.sub(r"<code>.*?</code>", "", page, flags=re.S)
        assert "data-formula=" not in page, name
        assert ('katex.css"' in page) == ('<span class="katex' in page), name
        assert "katex.min.js" not in page and "mermaid" not in page, name


def test_search_finds_formulas_as_text(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    section = next(e["text"] for e in index["docs"] if e["location"].endswith("theory.html#2-softmax-backward"))
    assert "ds_l = ∑_j da_j a_j (δ_jl - a_l)" in section
    assert "mathnormal" not in section and "\\sum" not in section


def test_no_third_party_code_is_committed_and_its_lock_names_no_address() -> None:
    assets = ROOT / "docs" / "assets"
    assert {path.relative_to(assets).as_posix() for path in assets.rglob("*.*") if path.is_file()} == {
        "css/pages.css", "css/rungs.css", "favicon.svg", "js/levels.js", "js/pages.js", "js/search.js",
        "package.json", "package-lock.json",
    }  # fmt: skip
    lock = (assets / "package-lock.json").read_text(encoding="utf-8")
    installed = [entry for name, entry in json.loads(lock)["packages"].items() if name]
    assert installed and all(entry["integrity"].startswith("sha512-") for entry in installed)
    assert "resolved" not in lock and "://registry" not in lock


def test_what_pages_load_of_others_comes_with_its_licence(site: Path) -> None:
    for name in ("katex/LICENSE", "iframe-worker/LICENSE"):
        assert "MIT" in (site / "assets" / name).read_text(encoding="utf-8")
    css = (site / "assets" / "katex" / "katex.css").read_text(encoding="utf-8")
    fonts = re.findall(r"url\(([^)]+)\)", css)
    assert fonts and all(font.endswith(".woff2") and (site / "assets" / "katex" / font).exists() for font in fonts)


def test_a_formula_that_cannot_be_read_stops_the_build_and_names_its_page() -> None:
    formulas = mathematics.Formulas()
    stub = type("Page", (), {"file": type("File", (), {"src_uri": "01/theory.md"})()})()
    formulas.collect(r'<span class="arithmatex">\(\nothing{x}\)</span>', stub)  # pyright: ignore[reportArgumentType]
    with pytest.raises(PluginError, match=r"01/theory.md: KaTeX parse error: Undefined control sequence: \\nothing"):
        formulas.draw()


def test_the_graph_has_every_chapter_and_every_prerequisite() -> None:
    graph = chapter_graph(lambda chapter: f"{chapter.folder}/" if chapter.id == "01" else None)
    for chapter in all_chapters():
        assert f">{chapter.id} {chapter.title}<" in graph or f">{chapter.title}<" in graph
        for need in chapter.needs:
            assert f'data-edge="{need} {chapter.id}"' in graph
    assert graph.count("<a href") == 1
    assert graph.count("fill:none") == len(all_chapters()) - len(written_chapters())


# Sections of code


def test_a_section_is_cut_out_without_other_markers(tmp_path: Path) -> None:
    path = tmp_path / "a_numpy.py"
    path.write_text(
        "x = 1\n# --8<-- [start:a]\nclass A:\n    # --8<-- [start:b]\n    y = 2\n    # --8<-- [end:b]\n# --8<-- [end:a]\n"
    )
    assert code.section(path, "a") == "class A:\n\n    y = 2"
    assert code.section(path, "b") == "y = 2"
    assert code.section(path, "c") is None


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("# --8<-- [start:a]\nx = 1\n", "section a needs one"),
        ("# --8<-- [end:a]\nx = 1\n# --8<-- [start:a]\n", "section a needs one"),
        ("# --8<-- [start:a]\n# --8<-- [end:a]\n# --8<-- [start:a]\n# --8<-- [end:a]\n", "section a needs one"),
        ("# --8<-- [start:a]\n\n# --8<-- [end:a]\n", "section a is empty"),
    ],
)
def test_a_broken_section_stops_the_build(
    source: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code, "ROOT", tmp_path)
    (tmp_path / "a.py").write_text(source)
    with pytest.raises(PluginError, match=message):
        code.section(tmp_path / "a.py", "a")


def test_a_comparison_has_one_tab_a_level_and_stops_the_build_where_nobody_marks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code, "ROOT", tmp_path)
    for level in ("numpy", "paper"):
        (tmp_path / "01" / level).mkdir(parents=True)
        (tmp_path / "01" / level / "a.py").write_text(f"# --8<-- [start:a]\n{level} = '~~~'\n# --8<-- [end:a]\n")
    tabs = code.compare("01", "a", "01/README.md")
    assert re.findall(r'^(===!?) "(.*)"$', tabs, re.M) == [("===!", "NumPy"), ("===", "Paper")]
    assert "    ~~~~ { .python" in tabs
    assert tabs.startswith('<div class="rungs-compare" markdown="1">')
    with pytest.raises(PluginError, match=r"01/README.md: no code file of 01 marks a section \[start:gone\]"):
        code.compare("01", "gone", "01/README.md")


def test_formulas_amid_a_paragraph_are_displayed_and_code_is_left_alone() -> None:
    class Stub:
        file = type("File", (), {"src_uri": "01/theory.md"})()
        meta: ClassVar[dict[str, str]] = {}
        title = "Theory"

    class Files:
        def get_file_from_path(self, name: str) -> str | None:
            return name if name in ("01/numpy/a.py.md", "01/exercises/README.md") else None

    text = "so\n$$a = b$$\nand [code](numpy/a.py#L7) [all](exercises/)\n\n```\n$$c$$\n[x](numpy/a.py)\n```\n"
    given = mkdocs_hooks.on_page_markdown(text, Stub(), None, Files())  # pyright: ignore[reportArgumentType]
    assert "so\n\n$$a = b$$\n\nand" in given
    assert "[code](numpy/a.py.md#__codelineno-0-7) [all](exercises/README.md)" in given
    assert "```\n$$c$$\n[x](numpy/a.py)\n```" in given


# Folding

CHECKED = '''def f(x):
    """y = x.

    Raises:
        ValueError: x is None.
    """
    if x is None:
        raise ValueError("x")
    check_shape(x)
    if x > 0:
        return x
    return -x
'''


def test_docstrings_fold_behind_their_first_line_and_checks_whole() -> None:
    assert folds(CHECKED) == [(3, 9)]
    assert folds("    return x\n") == []
    assert folds("def f():\n    raise NotImplementedError\n") == []


def test_a_fold_is_a_checkbox_and_keeps_every_line() -> None:
    rows = "".join(f'<span id="__span-0-{n}">line {n}\n</span>' for n in range(1, 6))
    folded = fold(f'<div class="highlight" data-fold="2-3"><pre><code>{rows}</code></pre></div>')
    inside = re.search(
        r'aria-label="Show 2 lines".*?<span class="rungs-folded">(.*)</span><span id="__span-0-4">', folded, re.S
    )
    assert inside and re.findall(r"line \d", inside[1]) == ["line 2", "line 3"]
    assert re.findall(r">line (\d)", folded) == list("12345")


# In a browser


DRIVER = """<!doctype html><body><script>
const WIDTHS = [1280, 390];
const tooNarrow = box => [box, ...box.children].some(part => part.scrollWidth > part.clientWidth + 1 && part.clientWidth);
const sleep = ms => new Promise(done => setTimeout(done, ms));
async function open(page) {
  const frame = document.createElement("iframe");
  frame.style = `width:${WIDTHS[0]}px;height:900px;border:0`;
  const loaded = new Promise(done => frame.onload = done);
  frame.src = page;
  document.body.append(frame);
  await Promise.race([loaded, sleep(20000)]);
  const win = frame.contentWindow, doc = frame.contentDocument;
  await sleep(30);
  const faults = [];
  const all = query => [...doc.querySelectorAll(query)];
  const bare = all(".arithmatex").filter(node => !node.querySelector(".katex"));
  faults.push(...bare.map(node => "unrendered formula: " + node.textContent));
  for (const node of all(".katex-error")) faults.push("broken formula: " + node.title);
  for (const image of all("article img")) {
    image.loading = "eager";
    await image.decode().catch(() => {});
  }
  for (const image of all("article img")) if (image.complete && !image.naturalWidth) faults.push("no image: " + image.src);
  const walker = doc.createTreeWalker(doc.querySelector("article") || doc.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    if (node.parentElement.closest("code, pre, script, style, .katex")) continue;
    const raw = /\\$\\$|\\\\(frac|partial|sum|mathbb|mathrm|top|in)\\b|\\*\\*\\w/.test(node.data);
    if (raw) faults.push("raw markup: " + node.data.trim().slice(0, 90));
  }
  for (const closed of all("details")) closed.open = true;
  for (const set of all(".tabbed-set")) {  // every level is looked at, not the first tab alone
    for (const button of set.querySelectorAll(":scope > input")) {
      button.checked = true;
      const cut = [...set.querySelectorAll("pre")].filter(box => box.offsetParent && tooNarrow(box));
      if (cut.length) faults.push("lines are cut: " + cut[0].closest(".highlight").innerText.slice(0, 60));
    }
  }
  for (const box of all(".highlight pre")) if (tooNarrow(box)) faults.push("lines are cut: " + box.innerText.slice(0, 60));
  for (const width of WIDTHS) {
    frame.style.width = `${width}px`;
    await sleep(30);
    const over = doc.documentElement.scrollWidth - width;
    if (over > 1) faults.push(`wider than the screen of ${width} by ${over}`);
  }
  faults.push(...(win.__faults || ["the page did not load"]));
  frame.remove();
  return faults;
}
(async () => {
  const queue = PAGES, found = {};
  const worker = async () => { for (let page; page = queue.shift();) found[page] = await open(page); };
  await Promise.all([worker(), worker(), worker()]);
  await fetch("/__report", { method: "POST", body: JSON.stringify(found) });
})();
</script>"""


def _look(site: Path, names: list[str]) -> dict[str, list[str]]:
    """Open each page, look at it wide and narrow, and return what is wrong with it, nothing where all is well."""
    return drive(site, DRIVER.replace("PAGES", json.dumps(["/" + name for name in names])))


def test_every_page_draws_in_a_browser(site: Path) -> None:
    need_browser()
    # Code pages are all made alike: a few stand for them.
    names = pages(site)
    code = [name for name in names if re.search(r"\.(py|toml|ya?ml|json)\.html$", name)]
    shown = [name for name in names if name not in code] + code[:: max(len(code) // 4, 1)]
    assert _look(site, shown) == {}


def test_the_browser_test_sees_each_fault(site: Path, tmp_path: Path) -> None:
    need_browser()
    faults = {
        "error.html": ("<script>nothing.there()</script>", "nothing is not defined"),
        "console.html": ("<script>console.error('no')</script>", "console.error: no"),
        "promise.html": ("<script>Promise.reject(new Error('late'))</script>", "unhandled: late"),
        "formula.html": ('<span class="arithmatex">x</span>', "unrendered formula: x"),
        "broken.html": ('<span class="katex-error" title="parse">x</span>', "broken formula: parse"),
        "dollars.html": ("<article><p>so $$x$$</p></article>", "raw markup: so $$x$$"),
        "cut.html": (
            '<div class="highlight"><pre style="width:9px"><code>long line</code></pre></div>',
            "lines are cut",
        ),
        "image.html": ('<article><img src="gone.png"></article>', "cannot load"),
        "leaves.html": ('<img src="http://example.com/x.png">', "leaves the machine: http://example.com/x.png"),
        "wide.html": ('<div style="width:3000px">x</div>', "wider than the screen of 390"),
    }
    for name, (body, _) in faults.items():
        (tmp_path / name).write_text(f"<!doctype html><html><head></head><body>{body}</body></html>")
    (tmp_path / "good.html").write_text("<!doctype html><html><head></head><body><article>good</article></body></html>")
    found = _look(tmp_path, [*faults, "good.html"])
    for name, (_, message) in faults.items():
        assert any(message in fault for fault in found.get(f"/{name}", [])), (name, found)
    assert "/good.html" not in found
    assert found["requests for files that are not there"] == ["gone.png"]


SEARCH = """<!doctype html><body><script>
const sleep = ms => new Promise(done => setTimeout(done, ms));
(async () => {
  const frame = document.createElement("iframe");
  frame.style = "width:1280px;height:900px";
  const loaded = new Promise(done => frame.onload = done);
  frame.src = "/index.html";
  document.body.append(frame);
  await loaded;
  const doc = frame.contentDocument, input = doc.querySelector("[data-md-component=search-query]");
  const hits = () => {  // the best page, named by its best section
    const links = [...doc.querySelectorAll(".md-search-result__item:first-child .md-search-result__link")];
    const best = links.find(link => link.hash) || links[0];
    return best ? [best.pathname.slice(1) + best.hash] : [];
  };
  const ask = async (query, answered, patience) => {
    input.value = query;
    for (let k = 0; k < patience && !answered(); k++) {
      if (k % 20 == 0) input.dispatchEvent(new KeyboardEvent("keyup"));
      await sleep(10);
    }
  };
  input.focus();
  const found = {};
  for (const query of QUERIES) {
    await ask("zzqx", () => !hits().length, 1000);
    await ask(query, () => hits().length, found.any ? 200 : 3000);
    found.any = ["the index is loaded"];
    found[query] = hits();
  }
  await fetch("/__report", { method: "POST", body: JSON.stringify(found) });
})();
</script>"""


def test_search_finds_first_what_the_reader_means(site: Path) -> None:
    need_browser()
    wanted = tomllib.loads((ROOT / "tests" / "search_queries.toml").read_text(encoding="utf-8"))
    found = drive(site, SEARCH.replace("QUERIES", json.dumps(list(wanted))))
    wrong = {
        query: found.get(query) for query, page in wanted.items() if not found.get(query, [""])[0].startswith(page)
    }
    assert len(wanted) >= 40
    assert wrong == {}


def test_mistakes_and_receipts_are_not_searched(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    places = [entry["location"] for entry in index["docs"]]
    assert [place for place in places if "/mistakes/" in place or "/results/" in place] == []
    assert any(place.startswith("07_Transformer/results") for place in places)
