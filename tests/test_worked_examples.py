"""Every derivation has numbers, and every drawing is shown; `test_docs.py` runs the numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rungs.pages.drawings import drawings
from utils.chapters import ROOT, find_chapter

CHAPTERS = ("01", "02", "03", "05", "07", "unet")
SECTION = re.compile(r"^## (.+)\n((?:(?!## ).*\n)*)", re.M)
CODE = re.compile(r"(<!-- run -->\n+)?^```python$", re.M)
SHOWN = re.compile(r"^!\[([^\]]+)\]\(figures/([\w-]+\.svg)\)\n\n\*[^*]", re.M)


def theory(chapter: str) -> dict[Path, str]:
    return {page: page.read_text(encoding="utf-8") for page in sorted(find_chapter(chapter).path.glob("theory*.md"))}


def without_numbers(text: str) -> list[str]:
    """The sections that derive something, and work nothing out."""
    return [title for title, body in SECTION.findall(text) if "$$" in body and "<!-- run -->" not in body]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_section_that_derives_has_a_worked_example(chapter: str) -> None:
    assert {page.name: without_numbers(text) for page, text in theory(chapter).items() if without_numbers(text)} == {}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_example_is_left_out_of_the_run(chapter: str) -> None:
    for page, text in theory(chapter).items():
        assert all(match[1] for match in CODE.finditer(text)), f"{page.name}: a Python block without <!-- run -->"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_drawing_is_shown_with_a_caption(chapter: str) -> None:
    folder = find_chapter(chapter).path
    drawn = {path.name for path, _ in drawings() if path.is_relative_to(folder)}
    shown = {name for page in folder.glob("*.md") for _, name in SHOWN.findall(page.read_text(encoding="utf-8"))}
    assert len(drawn) >= 4, f"{folder.relative_to(ROOT)}/figures/drawings.py"
    assert drawn - shown == set()


def test_a_section_without_numbers_is_found() -> None:
    derived = "## 1. A\n\n$$\ny = x\n$$\n"
    assert without_numbers(derived) == ["1. A"]
    assert without_numbers(derived + "\n<!-- run -->\n```python\n") == []
    assert without_numbers("## 1. A\n\nwords\n\n" + derived.replace("1", "2")) == ["2. A"]
