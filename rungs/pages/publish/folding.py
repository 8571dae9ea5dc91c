"""What is folded in a comparison: docstrings behind their first line, and argument checks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

BLOCK = re.compile(r'<div class="highlight" data-fold="([\d, -]+)">.*?</div>', re.S)


def folds(code: str) -> list[tuple[int, int]]:
    """First and last line, from 1, of each stretch to fold; none where the section is no whole piece of Python."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return []
    found: list[tuple[int, int]] = []
    for first, last in sorted(_stretches(tree)):
        if found and first == found[-1][1] + 1:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found


def _stretches(tree: ast.AST) -> Iterator[tuple[int, int]]:
    for node in ast.walk(tree):
        if not isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            continue
        for place, statement in enumerate(node.body):
            last = statement.end_lineno or statement.lineno
            if place == 0 and ast.get_docstring(node) is not None:
                if last > statement.lineno:
                    yield statement.lineno + 1, last
            elif _checks(statement) and len(node.body) > place + 1:
                yield statement.lineno, last


def _checks(statement: ast.stmt) -> bool:
    """`if ...: raise`, or a call whose name begins with check."""
    if isinstance(statement, ast.If):
        return not statement.orelse and len(statement.body) == 1 and isinstance(statement.body[0], ast.Raise)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        called = statement.value.func
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        return name.lstrip("_").startswith("check")
    return False


def attribute(code: str) -> str:
    """What a fence carries of its folds, for `fold`."""
    found = folds(code)
    return f' data-fold="{",".join(f"{first}-{last}" for first, last in found)}"' if found else ""


def fold(content: str) -> str:
    """The page with the stretches folded: a checkbox, which works without a script, and the lines after it."""
    return BLOCK.sub(lambda block: _folded(block[0], block[1]), content)


def _folded(block: str, stretches: str) -> str:
    for stretch in stretches.split(","):
        first, last = map(int, stretch.split("-"))
        start = re.search(rf'<span id="__span-\d+-{first}">', block)
        end = re.search(rf'<span id="__span-\d+-{last + 1}">|</code>', block)
        if start and end:
            lines = f"{last - first + 1} line" + ("s" if last > first else "")
            box = f'<input type="checkbox" aria-label="Show {lines}"><span data-lines="{lines}"></span>'
            box = f'<label class="rungs-fold">{box}</label>'
            inside = block[start.start() : end.start()]
            block = f'{block[: start.start()]}{box}<span class="rungs-folded">{inside}</span>{block[end.start() :]}'
    return block
