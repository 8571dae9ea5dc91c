"""`rungs read`: symbols are found without importing, moved code is marked, and the pages speak of what is pinned."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rungs.cli import main
from rungs.errors import RungsError
from rungs.house.doctor import pinned_versions
from rungs.reading import anchors, symbols
from rungs.reading.read import read
from utils.chapters import ROOT, Chapter

LIBRARY = '''"""A library that never existed."""

raise RuntimeError("a reading must not execute what it reads")

SIZES = (1, 2)

def scale(x, by=2):
    """Docstring."""
    # a comment
    y = x * by  # another

    return y

@staticmethod
def decorated():
    return 1

if SIZES:
    class Block:
        def forward(self, x):
            x += self.shortcut
            return x
'''


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A package on the path, whose file a test may change: `write(old, new)`."""
    package = tmp_path / "moving_library"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("from moving_library.models import nothing\n")
    file = package / "models" / "blocks.py"
    (package / "models" / "__init__.py").write_text("")
    file.write_text(LIBRARY)
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(old: str, new: str) -> None:
        assert old in LIBRARY
        file.write_text(LIBRARY.replace(old, new))

    return write


def entry(symbol: str, **more: str) -> dict[str, str]:
    source = symbols.find(f"moving_library.models.blocks.{symbol}")
    assert source is not None
    found = {"symbol": f"moving_library.models.blocks.{symbol}", "sha256": symbols.fingerprint(source.text)}
    return found | more


def test_symbols_are_found_and_nothing_is_executed(library):
    for symbol, line, first in [
        ("SIZES", 5, "SIZES = (1, 2)"),
        ("scale", 7, "def scale(x, by=2):"),
        ("decorated", 14, "@staticmethod"),
        ("Block", 19, "    class Block:"),
        ("Block.forward", 20, "        def forward(self, x):"),
    ]:
        source = symbols.find(f"moving_library.models.blocks.{symbol}")
        assert source is not None
        assert (source.line, source.text.splitlines()[0]) == (line, first)
    assert "moving_library" not in sys.modules
    for missing in ("moving_library.models.blocks.Gone", "moving_library.gone.Block", "no_such_library.x", "sys.path"):
        assert symbols.find(missing) is None


@pytest.mark.parametrize(
    ("old", "new", "state"),
    [
        ("    # a comment\n", "", "as read"),
        ('"""Docstring."""', '"""Other words,\n\n    and more of them."""', "as read"),
        ("  # another", "", "as read"),
        ("SIZES = (1, 2)", "SIZES = (1, 2)\nNEW = 3", "as read"),
        ("y = x * by", "y = by * x", "moved on"),
        ("def scale(x, by=2)", "def scale(x, by=3)", "moved on"),
        ("def scale", "def rescale", "gone"),
    ],
)
def test_code_that_has_moved_is_marked(library, old, new, state):
    pinned = entry("scale")
    assert anchors.locate(pinned).state == "as read"
    library(old, new)
    assert anchors.locate(pinned).state == state


def test_a_line_is_found_by_its_words(library):
    pinned = entry("Block.forward", at="x += self.shortcut")
    assert (anchors.locate(pinned).line, anchors.locate(pinned).state) == (21, "as read")
    library("def scale", "\n\ndef scale")
    assert (anchors.locate(pinned).line, anchors.locate(pinned).state) == (23, "as read")
    library("x += self.shortcut", "x = x + self.shortcut")
    assert (anchors.locate(pinned).line, anchors.locate(pinned).state) == (20, "moved on")


@pytest.fixture
def chapter(library, tmp_path, monkeypatch):
    """Chapter 05 with a reading of that library."""
    folder = tmp_path / "chapter"
    (folder / "production").mkdir(parents=True)
    table = {
        "versions": {"typer": "0.0"},
        "anchors": [
            entry("scale", part="One", note="multiplies [by] two"),
            entry("Block.forward", part="Two", at="x += self.shortcut", ours="utils.chapters.find_chapter"),
        ],
    }
    (folder / "production" / "anchors.json").write_text(json.dumps(table))
    monkeypatch.setattr(Chapter, "path", property(lambda c: folder if c.id == "05" else ROOT / c.folder))
    return folder / "production" / "anchors.json"


def test_the_list_says_where_and_what_is_ours(chapter, capsys):
    assert main(["read", "05"]) == 0
    shown = capsys.readouterr().out
    assert "(the guide: 0.0)" in shown
    assert "moving_library/models/blocks.py:21" in shown
    assert re.search(r"ours: utils/chapters.py:\d+ find_chapter", shown)
    assert "multiplies [by] two" in shown
    assert "All 2 anchors are as the guide read them." in shown
    assert main(["read", "05", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [a["line"] for a in report["anchors"]] == [7, 21]
    assert report["versions"] == {"typer": "0.0"} and report["installed"]["typer"] != "0.0"


def test_one_anchor_is_shown_beside_ours(chapter, capsys):
    for wanted in ("2", "Block.forward", "forward"):
        assert main(["read", "05", "--show", wanted]) == 0
        shown = capsys.readouterr().out
        assert "21     x += self.shortcut" in shown
        assert "def find_chapter" in shown
    assert main(["read", "05", "--show", "blok"]) == 2
    assert "no anchor 'blok'" in capsys.readouterr().err
    assert main(["read", "05", "--show", "3"]) == 2
    assert "numbered from 1 to 2" in capsys.readouterr().err


def test_check_fails_on_stale_code_and_renew_takes_it(chapter, library, capsys):
    assert main(["read", "05", "--check"]) == 0
    library("y = x * by", "y = by * x")
    capsys.readouterr()
    assert main(["read", "05"]) == 0
    assert "1 of 2 anchors have moved on" in capsys.readouterr().out
    assert main(["read", "05", "--check"]) == 1
    assert "blocks.scale (moved on)" in capsys.readouterr().err
    assert main(["read", "05", "--renew"]) == 0
    assert main(["read", "05", "--check"]) == 0
    assert json.loads(chapter.read_text())["versions"]["typer"] != "0.0"
    library("def scale", "def rescale")
    capsys.readouterr()
    assert main(["read", "05", "--renew"]) == 2
    assert "blocks.scale is not there any more" in capsys.readouterr().err


def test_a_broken_table_is_named(chapter, capsys):
    chapter.write_text('{"versions": {}, "anchors": [{"symbol": "x"}]}')
    assert main(["read", "05"]) == 2
    assert "anchors.json cannot be read: KeyError('sha256')" in capsys.readouterr().err


# ---- the readings that are there ----

READINGS = {chapter.id: chapter for chapter in anchors.chapters_with_reading()}


@pytest.mark.parametrize("name", READINGS)
def test_the_reading_is_not_stale(name):
    """With the versions that pyproject.toml names, every anchor is as it was read; with others, at least none is gone."""
    table = anchors.load(anchors.anchors_path(READINGS[name]))
    found = [anchors.locate(entry) for entry in table["anchors"]]
    wrong = ("gone",) if anchors.installed(table) != table["versions"] else ("gone", "moved on")
    stale = [f"{a.symbol} ({a.state})" for a in found if a.state in wrong]
    assert not stale, f"read chapter {name} against the code again: {stale}"
    assert [a.symbol for a in found if a.ours and not a.ours_file] == []


@pytest.mark.parametrize("name", READINGS)
def test_the_versions_read_are_those_of_the_project(name):
    pins = pinned_versions((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    for library, then in anchors.load(anchors.anchors_path(READINGS[name]))["versions"].items():
        assert pins[library.replace("_", "-")] == then  # named as it is imported there, as it is installed here


GUIDES = {
    "05": ["05_ResNet/production/README.md", "05_ResNet/production/weights.md", "docs/04_Reading_timm_Code.md"],
    "07": ["07_Transformer/production/README.md", "07_Transformer/production/kernels.md"],
    "unet": ["unet/production/README.md"],
}


@pytest.mark.parametrize("page", [page for name in READINGS for page in GUIDES[name] if (ROOT / page).exists()])
def test_what_a_guide_names_is_pinned(page):
    """Each full name of a symbol in a guide is an anchor, within one, or a module or class around one."""
    chapter = next(READINGS[name] for name, pages in GUIDES.items() if page in pages)
    table = anchors.load(anchors.anchors_path(chapter))
    pinned = [entry["symbol"] for entry in table["anchors"]]
    text = re.sub(r"^(```+).*?^\1", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.M | re.S)
    named = _named(text, table)
    prose = re.sub(r"<!-- generated: anchors -->.*?<!-- /generated -->", "", text, flags=re.S)
    assert len(_named(prose, table)) >= 10, (
        f"{page} reads too little of the library; the table of anchors does not count"
    )
    there = {name for name in named if symbols.find(name) is not None or _is_package(name)}
    around = [f"{symbol}." for symbol in pinned]
    loose = named - {n for n in there if any(s.startswith(f"{n}.") or f"{n}.".startswith(s) for s in around)}
    assert not loose, f"{page} names what no anchor pins: {loose}"


def _named(text: str, table: dict) -> set[str]:
    libraries = "|".join(table["versions"])
    return set(re.findall(rf"`((?:{libraries})(?:\.\w+)+)(?:\(\))?`", text))


def _is_package(name: str) -> bool:
    file, rest = symbols.module_of(f"{name}.x")
    return file is not None and rest == ["x"]


def test_no_reading_is_answered_at_once():
    """Without --show nothing heavy is imported: the reader gets the lines in a moment."""
    code = "import sys; from rungs.cli import main; main(['read', '05']); print(sorted({'torch', 'timm'} & set(sys.modules)))"
    if "05" not in READINGS:
        pytest.skip("no reading of chapter 05")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_chapter_without_a_reading_is_told(capsys):
    assert main(["read", "01"]) == 2
    assert "has no production reading; chapters with one: " in capsys.readouterr().err
    with pytest.raises(RungsError, match="no chapter"):
        read("nothing")


def test_the_table_links_to_our_code():
    chapter = next(iter(READINGS.values()), None)
    if chapter is None:
        pytest.skip("no reading yet")
    table = anchors.anchors_table(chapter, chapter.path / "production")
    assert "| `timm.models.resnet.BasicBlock.forward`, at `x += shortcut` | [`Block.forward`](../paper/" in table
    for target in re.findall(r"\]\(([^)]+)\)", table):
        assert (chapter.path / "production" / Path(target)).resolve().is_file()
