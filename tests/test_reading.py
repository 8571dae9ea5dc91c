"""Every page can be read: its length and weight, what moves, in the dark, by a screen reader, on paper; and in which order."""

from __future__ import annotations

import html
import io
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rungs.pages.path import chapter_path, heading
from rungs.pages.publish.files import shown_chapters
from rungs.pages.publish.photographs import DARK, is_photograph, on_dark
from tests.browser import drive, need_browser, pages
from utils.chapters import ROOT, Chapter

TALLEST = 15_000  # pixels of a page on a chapter's path, at a width of 1,280
HEAVIEST = 1_600_000  # bytes of a page with everything that it loads, pictures further down too
MOST_SHIFT = 0.1  # cumulative layout shift
CODE = re.compile(r"\.(?:py|toml|ya?ml|json)\.html$")
KINDS = (
    r"index\.html",
    r"00_Overview\.html",
    r"docs/0[1-5].*",
    r"docs/glossary\.html",
    r"docs/06_Deviations\.html",
    r"docs/07_Planted_Mistakes\.html",
    r"docs/08_Receipts\.html",
    r"docs/09_Questions\.html",
    r"benchmarks/index\.html",
    r"benchmarks/\w.*\.json\.html",
    r"\d\d_\w+/index\.html",
    r"\d\d_\w+/theory\w*\.html",
    r"\d\d_\w+/code\w*\.html",
    r"\d\d_\w+/results\.html",
    r"\d\d_\w+/exercises/index\.html",
    r"\d\d_\w+/exercises/\d\w*/index\.html",
    r"\d\d_\w+/production/\w+\.html",
    r"\d\d_\w+/paper/index\.html",
    r"\d\d_\w+/paper/\w+\.py\.html",
    r"\d\d_\w+/paper/results/.*\.json\.html",
    r"\d\d_\w+/notebooks/.*\.ipynb\.html",
)

# What a page has many of, all made alike: axe takes seconds for them, and finds in one what it finds in all.
REPEATED = [
    ".katex-html",
    ".rungs-compare ~ .rungs-compare",
    ".rungs-eq ~ .rungs-eq",
    ".highlight ~ .highlight",
    "table ~ table",
]

MEASURE = """<!doctype html><body style="margin:0"><script>
const sleep = ms => new Promise(done => setTimeout(done, ms));
const axe = fetch("/__axe").then(answer => answer.text());

async function open(page, width) {
  const frame = document.createElement("iframe");
  frame.style = `width:${width}px;height:900px;border:0;position:fixed;top:0;left:0`;
  const loaded = new Promise(done => frame.onload = done);
  frame.src = page;
  document.body.append(frame);
  await Promise.race([loaded, sleep(20000)]);
  await frame.contentDocument.fonts.ready;
  return frame;
}

const looks = {
  async height(frame) { return frame.contentDocument.documentElement.scrollHeight; },

  async shift(frame) {
    const win = frame.contentWindow;
    let moved = 0;
    const take = list => list.forEach(entry => { if (!entry.hadRecentInput) moved += entry.value; });
    const seen = new win.PerformanceObserver(list => take(list.getEntries()));
    seen.observe({ type: "layout-shift", buffered: true });
    const end = frame.contentDocument.documentElement.scrollHeight;
    for (let y = 0; y < Math.min(end, 6000); y += 750) { win.scrollTo(0, y); await sleep(40); }
    await sleep(150);
    take(seen.takeRecords());
    return Math.round(moved * 1000) / 1000;
  },

  async axe(frame) {
    const win = frame.contentWindow, found = {};
    win.eval(await axe);
    for (const folded of win.document.querySelectorAll("details")) folded.open = true;  // what is closed lies over other things
    const where = { exclude: REPEATED };
    const all = { resultTypes: ["violations"] }, colours = { ...all, runOnly: ["color-contrast"] };
    for (const [scheme, rules] of [["default", all], ["slate", colours]]) {
      win.document.body.setAttribute("data-md-color-scheme", scheme);
      const style = win.document.createElement("style");
      style.textContent = "* { transition: none !important; animation: none !important; }";
      win.document.head.append(style);
      await sleep(100);
      const said = await win.axe.run(where, rules);
      const bad = said.violations.filter(v => ["serious", "critical"].includes(v.impact) || v.id === "landmark-unique");
      found[scheme] = bad.map(v => `${v.id}: ${v.nodes.length} x ${v.nodes[0].target} ${v.nodes[0].failureSummary}`);
    }
    return found;
  },

  async searched(frame) {
    const win = frame.contentWindow, asked = () => [...new Set(win.performance.getEntriesByType("resource")
      .map(entry => entry.name.split("/").pop()).filter(name => name.startsWith("search_index")))];
    await sleep(500);
    const before = asked();
    win.document.querySelector("[data-md-component=search-query]").focus();
    for (let k = 0; k < 500 && !asked().length; k++) await sleep(10);
    return [before, asked()];
  },

  async dark(frame) {
    const doc = frame.contentDocument;
    doc.body.setAttribute("data-md-color-scheme", "slate");
    const images = [...doc.querySelectorAll("article img")];
    const styles = images.map(image => [image.getAttribute("src"), frame.contentWindow.getComputedStyle(image)]);
    return styles.filter(([, style]) => style.display !== "none").map(([src, style]) => [src, style.filter]);
  },

  async print(frame) {
    const doc = frame.contentDocument;
    for (const sheet of doc.styleSheets)
      for (const rule of sheet.cssRules) if (rule.media) {
        const media = rule.media.mediaText;
        rule.media.mediaText = media === "print" ? "all" : media === "screen" ? "not all" : media;
      }
    frame.contentWindow.dispatchEvent(new Event("beforeprint"));
    for (const folded of doc.querySelectorAll("article details")) folded.open = true;
    const tall = node => node.getBoundingClientRect().height > 0;
    return [...doc.querySelectorAll("article details")].map(folded => [
      folded.className, [...folded.children].some(part => part.tagName !== "SUMMARY" && tall(part)),
      tall(folded.querySelector("summary")),
    ]);
  },
};

(async () => {
  const queue = PAGES, found = {};
  for (const page of queue) {
    const frame = await open(page, WIDTH);
    found[page] = {};
    for (const look of LOOKS) found[page][look] = await looks[look](frame);
    frame.remove();
  }
  await fetch("/__report", { method: "POST", body: JSON.stringify(found) });
})();
</script>"""


def measured(site: Path, names: list[str], *looks: str, width: int = 1280, whole: bool = False) -> dict[str, dict]:
    """Page -> look -> what it gives."""
    need_browser()
    given = {"PAGES": ["/" + name for name in names], "LOOKS": looks, "WIDTH": width}
    given["REPEATED"] = [] if whole else REPEATED
    driver = MEASURE
    for name, value in given.items():
        driver = re.sub(rf"\b{name}\b", lambda _, value=value: json.dumps(value), driver)
    return {page.removeprefix("/"): found for page, found in drive(site, driver, 500).items()}


def path_pages(chapter: Chapter) -> list[str]:
    """The chapter's pages along its path, as the site names them."""
    sources = [page.relative_to(ROOT).with_suffix("") for stop in chapter_path(chapter).values() for page in stop]
    return [s.with_name("index" if s.name == "README" else s.name).as_posix() + ".html" for s in sources]


def all_path_pages() -> list[str]:
    return [name for chapter in shown_chapters() for name in path_pages(chapter)]


def kinds(site: Path) -> dict[str, str]:
    """The smallest page of each kind, by the kind."""
    found = sorted(pages(site), key=lambda name: (site / name).stat().st_size)
    return {kind: next(name for name in found if re.fullmatch(kind, name)) for kind in KINDS}


def shown_pages(site: Path, whole: bool) -> list[str]:
    """One page of each kind, or with them every page of a path."""
    return list(dict.fromkeys([*kinds(site).values(), *(all_path_pages() if whole else ())]))


# In which order, and under which name


def linked(page: Path, rel: str) -> Path | None:
    """The page that <link rel="next"> or <link rel="prev"> leads to."""
    found = re.search(rf'<link rel="{rel}" href="([^"]*)"', page.read_text(encoding="utf-8"))
    if not found:
        return None
    target = (page.parent / found[1]).resolve()
    return target / "index.html" if target.is_dir() else target


def test_previous_and_next_lead_along_the_path(site: Path) -> None:
    for chapter in shown_chapters():
        for one, following in itertools.pairwise(site / name for name in path_pages(chapter)):
            # The exercises' index begins their own side path: forwards to the first exercise.
            assert linked(following, "prev") == one.resolve(), following
            if one.parent.name != "exercises":
                assert linked(one, "next") == following.resolve(), one
    chapters = shown_chapters()
    for before, after in itertools.pairwise(chapters):
        assert linked(site / path_pages(after)[0], "prev") == (site / path_pages(before)[-1]).resolve()
    assert linked(site / "03_CNN_LeNet/paper/lenet_paper.py.html", "next") is None


def test_every_page_has_a_title_and_a_description_of_its_own(site: Path) -> None:
    titles: dict[str, str] = {}
    for name in pages(site):
        page = (site / name).read_text(encoding="utf-8")
        title, about = (
            re.search(r"<title>(.*?)</title>", page),
            re.search(r'name="description" content="([^"]*)"', page),
        )
        assert title and about and len(about[1]) > 20, name
        if CODE.search(name) or "/exercises/" in name:
            continue
        assert title[1] not in titles, (name, titles[title[1]])
        titles[title[1]] = name
    for chapter in shown_chapters():
        sources = [page for stop in chapter_path(chapter).values() for page in stop]
        abouts = []
        for source, name in zip(sources, path_pages(chapter), strict=True):
            page = (site / name).read_text(encoding="utf-8")
            shown = html.unescape(re.search(r"<title>(.*?)</title>", page)[1])  # pyright: ignore[reportOptionalSubscript]
            assert shown.removesuffix(" - Rungs") == heading(source).replace("`", ""), name
            abouts += re.findall(r'name="description" content="([^"]*)"', page)
        assert len(set(abouts)) == len(sources), chapter.folder


def test_every_benchmark_is_read_as_a_table_and_the_comparison_links_it(site: Path) -> None:
    comparison = (site / "docs/02_NumPy_vs_PyTorch_Comparison.html").read_text(encoding="utf-8")
    files = sorted((ROOT / "benchmarks").glob("*.json"))
    assert files
    for file in files:
        page = (site / "benchmarks" / f"{file.name}.html").read_text(encoding="utf-8")
        first = re.search(r"<table>.*?</table>", page, re.S)
        contenders = json.loads(file.read_text(encoding="utf-8"))["contenders"]
        assert first and all(f"<td>{html.escape(name)}</td>" in first[0] for name in contenders), file.name
        assert f'href="../benchmarks/{file.name}.html"' in comparison, file.name


# How long, how heavy


def weight(site: Path, name: str) -> int:
    """Bytes of the page and of everything that it names to be loaded, at once or when the reader comes near it."""
    page = (site / name).read_text(encoding="utf-8")
    tags = re.findall(r"<(?:script|img|link)\b[^>]*>", page)
    tags = [tag for tag in tags if not re.search(r'rel="(?:next|prev|canonical)"', tag)]
    loaded = re.findall(r'\b(?:src|href)="([^"#?]+)"', " ".join(tags))
    files = {(site / name).parent.joinpath(url).resolve() for url in loaded if ":" not in url}
    files |= set((site / "assets" / "javascripts" / "workers").glob("search*.js"))
    return len(page.encode()) + sum(file.stat().st_size for file in files if file.is_file())


def test_no_page_loads_more_than_it_may(site: Path) -> None:
    heavy = {name: size for name in pages(site) if (size := weight(site, name)) >= HEAVIEST}
    assert heavy == {}


def test_the_search_index_is_loaded_when_the_reader_turns_to_the_search(site: Path) -> None:
    name = "docs/glossary.html"
    assert measured(site, [name], "searched")[name]["searched"] == [[], ["search_index.json"]]


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.whole)])
def test_pages_are_short_and_nothing_moves_while_they_load(site: Path, whole: bool) -> None:
    names = shown_pages(site, whole)
    found = measured(site, names, "height", "shift")
    assert {name: look["height"] for name, look in found.items() if look["height"] > TALLEST} == {}
    assert {name: look["shift"] for name, look in found.items() if look["shift"] >= MOST_SHIFT} == {}
    narrow = measured(site, names, "shift", width=390)
    assert {name: look["shift"] for name, look in narrow.items() if look["shift"] >= MOST_SHIFT} == {}


# For everyone


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.whole)])
def test_axe_finds_nothing_serious(site: Path, whole: bool) -> None:
    found = measured(site, shown_pages(site, whole), "axe", whole=whole)
    assert {name: look["axe"] for name, look in found.items() if any(look["axe"].values())} == {}


def test_figures_are_turned_round_in_the_dark_and_photographs_are_not(site: Path) -> None:
    names = [name for name in all_path_pages() if "<img " in (site / name).read_text(encoding="utf-8")]
    shown = set()
    for name, look in measured(site, names, "dark").items():
        for src, used in look["dark"]:
            file = (site / name).parent / src.partition("#")[0]
            shown.add(file.name)
            assert not is_photograph(file), (name, src)  # its panel is white: the other version is shown
            assert used == ("none" if file.name.endswith(DARK) else "invert(1) hue-rotate(180deg)"), (name, src)
    assert {"feature_maps.dark.png", "misclassified.dark.png", "grad_cam.dark.png", "activations.svg"} <= shown


@pytest.mark.parametrize(
    "name", ["03_CNN_LeNet/figures/misclassified.png", "05_ResNet/production/results/grad_cam.png"]
)
def test_the_dark_version_of_a_photograph_has_no_panel_and_the_same_images(name: str) -> None:
    light = np.asarray(Image.open(ROOT / name).convert("RGB"))
    dark = np.asarray(Image.open(io.BytesIO(on_dark(ROOT / name))))
    assert dark.shape == (*light.shape[:2], 4)
    same = (dark[..., :3] == light).all(axis=2)
    images, ground = dark[..., 3] == 255, dark[..., 3] == 0
    assert same[images].mean() > 0.97  # all but letters
    assert 0.4 < images.mean() < 0.9 and 0.1 < ground.mean() < 0.6
    assert ground[0].all() and ground[-1].all()
    assert dark[..., :3][(dark[..., 3] > 0) & ~images].min() > 200  # the writing is light


def test_hints_solutions_and_answers_stay_folded_on_paper(site: Path) -> None:
    exercise = next(name for kind, name in kinds(site).items() if "exercises/\\d" in kind)
    found = measured(site, [exercise, "docs/09_Questions.html"], "print")
    for name, look in found.items():
        folded = [(opened, told) for kind, opened, told in look["print"] if re.search("question|success|failure", kind)]
        assert len(folded) > 4, name
        assert all(told and not opened for opened, told in folded), name
    given = [opened for kind, opened, _ in found[exercise]["print"] if kind == "abstract"]
    assert given == [True]  # what is no secret is printed


# Each fault is seen

FAULTS = {
    "tall.html": ("height", "<div style='height:16000px'></div>", lambda value: value > TALLEST),
    "moves.html": (
        "shift",
        "<p id=a>text</p><p style='height:500px'>b</p><script>setTimeout(() => { a.style.height = '400px'; }, 60)</script>",
        lambda value: value >= MOST_SHIFT,
    ),
    "pale.html": (
        "axe",
        "<main><h1>x</h1><p style='color:#ccc;background:#fff'>pale</p></main>",
        lambda value: all(any("color-contrast" in said for said in value[scheme]) for scheme in ("default", "slate")),
    ),
    "twice.html": (
        "axe",
        "<main><h1>x</h1></main><nav>a</nav><nav>b</nav>",
        lambda value: any("landmark-unique" in said for said in value["default"]),
    ),
    "open.html": (
        "print",
        "<article><details class='question'><summary>s</summary><p>told</p></details></article>",
        lambda value: value == [["question", True, True]],
    ),
}


def test_the_browser_sees_each_fault(tmp_path: Path) -> None:
    for name, (_, body, _) in FAULTS.items():
        text = f"<!doctype html><html lang='en'><head><title>t</title></head><body>{body}</body></html>"
        (tmp_path / name).write_text(text)
    found = measured(tmp_path, list(FAULTS), "height", "shift", "axe", "print")
    for name, (look, _, seen) in FAULTS.items():
        assert seen(found[name][look]), name
