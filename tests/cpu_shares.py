"""What the tests cost in CPU time, by chapter and by file: `pytest --shares`, as `make test` runs them.

A chapter's tests are those in its folder, and those elsewhere that have the chapter's number or its exercise as a parameter.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

LARGEST = 25.0  # seconds of one core that a chapter's tests may take
SHOWN = 12
BEFORE = pytest.StashKey[float]()


def cpu_time() -> float:
    """Seconds of this process and of those that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def chapter_of(test: str, parameters: list[Any]) -> str:
    """ "07", or "" where a test belongs to no chapter."""
    if found := re.match(r"(\d\d)_", test):
        return found[1]
    for value in parameters:
        chapter = getattr(value, "chapter", value)
        if found := re.match(r"\d\d\b", str(getattr(chapter, "id", chapter))):
            return found[0]
    return ""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shares", action="store_true", help="print the CPU time by chapter and by file")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    item.stash[BEFORE] = cpu_time()
    return (yield)


def pytest_runtest_teardown(item: pytest.Item) -> None:
    parameters = (
        list(item.callspec.params.values()) if isinstance(item, pytest.Function) and hasattr(item, "callspec") else []
    )
    chapter = chapter_of(item.nodeid, parameters)
    item.user_properties += [("chapter", chapter), ("cpu", cpu_time() - item.stash[BEFORE])]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not config.getoption("--shares"):
        return
    chapters, files = Counter[str](), Counter[str]()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "teardown":
                found = dict(report.user_properties)
                chapters[found.get("chapter", "")] += found.get("cpu", 0.0)
                files[report.nodeid.partition("::")[0]] += found.get("cpu", 0.0)
    terminalreporter.section(f"CPU time, {sum(files.values()):.0f} s")
    for chapter, seconds in sorted(chapters.items()):
        late = f", more than {LARGEST:.0f} s" if chapter and seconds > LARGEST else ""
        terminalreporter.line(f"{seconds:6.1f} s  {f'chapter {chapter}' if chapter else 'no chapter'}{late}")
    for file, seconds in files.most_common(SHOWN):
        terminalreporter.line(f"{seconds:6.1f} s  {file}")
