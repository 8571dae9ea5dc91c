"""`rungs verify --mine`: the learner's own level in the place of ours, in the whole equality suite.

A level is one or several modules. For those that the learner has not written, the tested ones are taken.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rungs import progress
from rungs.errors import Failed, RungsError
from rungs.level.files import find_files, modules_to_write
from rungs.sandbox import process
from rungs.sandbox.tracebacks import line_in_trace
from utils.chapters import LEVELS, Chapter
from utils.errors import shortened

SECONDS = 180
MEMORY_MB = 8192
FOREIGN = {
    "numpy": ("torch", "torchvision", "scipy", "sklearn", "jax", "tensorflow", "autograd"),
    "pytorch_lowlevel": ("torch.nn", "torch.optim", "torchvision", "jax", "tensorflow"),
}
"""What a level is written without: with it, a file would pass and prove nothing."""


def proved(
    chapter: Chapter,
    level: str,
    file: Path | None = None,
    *,
    ladder: str | None = None,
    seeds: int = 3,
    tell: Callable[[str], None] = lambda what: None,
) -> dict[str, Any]:
    """The suite's reports with the learner's files in the place of a level, from a limited process.

    Args:
        file: a module or a folder; None for what `rungs start` wrote.
        tell: called with what is being compared.

    Returns: "ok"; "reports"; "reach", see `rungs.level.proving`; "level", "files" (modules of the learner's) and "missing"
        (modules of the level for which ours were taken).

    Raises:
        RungsError: no such file, one that cannot be loaded, or one of which nothing is proved.
        Failed: the learner's code did not end, crashed, or ended the process.
    """
    files = find_files(chapter, level, file, _main_modules(chapter, level, ladder) if file and file.is_file() else [])
    for path in files.values():
        _look_at(path, level)
    seconds = _seconds()
    outcome = process.run_limited(
        "rungs.level.proving:verify_in_child",
        {
            "chapter": chapter.id,
            "level": level,
            "files": {name: str(path) for name, path in files.items()},
            "ladder": ladder,
            "seeds": seeds,
        },
        seconds=seconds,
        memory_mb=MEMORY_MB,
        tell=tell,
    )
    if outcome.ending != "finished":
        place = _place(outcome.trace, files)
        doing = f" while it was at {outcome.note}" if outcome.note else ""
        said = {
            "timeout": f"your code did not come back within {seconds:g} s{doing}{place}; RUNGS_SECONDS raises the limit",
            "memory": f"your code needed more than {MEMORY_MB} MB{doing}",
            "flooded": f"your code printed more than 16 MB and was stopped{doing}{place}",
            "crashed": f"your code crashed the Python process ({outcome.signal}){doing}{place}",
            "exited": f"your code ended the process with status {outcome.code}{doing}; return instead of calling os._exit()",
        }
        raise Failed(said[outcome.ending])
    if "problem" in outcome.result:
        raise RungsError(outcome.result["problem"])
    if outcome.output.strip():
        sys.stderr.write(f"your code printed:\n{outcome.output}\n")
    found = dict(outcome.result)
    found["ok"] = all(r["ok"] for r in found["reports"]) and (ladder is not None or not found["reach"]["not_run"])
    to_write = modules_to_write(chapter, level)
    found |= {"level": level, "files": list(files), "missing": [name for name in to_write if name not in files]}
    if file is None and ladder is None and not found["missing"]:
        _record(chapter, level, found["ok"])
    return found


def _seconds() -> float:
    """The learner's time: SECONDS, or what RUNGS_SECONDS says."""
    chosen = os.environ.get("RUNGS_SECONDS") or str(SECONDS)
    if not chosen.isdigit() or not 0 < int(chosen) <= 10**6:
        raise RungsError(f"RUNGS_SECONDS must be a number of seconds, such as 600, got {shortened(chosen)}")
    return float(chosen)


def _main_modules(chapter: Chapter, level: str, ladder: str | None) -> list[str]:
    from utils.ladder import load_ladders

    ladders = load_ladders(chapter.id)
    chosen = [ladders[ladder]] if ladder in ladders else list(ladders.values())
    return list(dict.fromkeys(item.modules[level] for item in chosen if level in item.modules))


def _look_at(path: Path, level: str) -> None:
    """Refuse what can be seen without running it."""
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        text = f": {error.text.strip()}" if error.text else ""
        raise RungsError(f"{path.name} is not valid Python, line {error.lineno}: {error.msg}{text}") from None
    except ValueError as error:
        raise RungsError(f"{path.name} is not Python source: {error}") from None
    for line, name in _names_used(tree):
        foreign = any(f"{name}.".startswith(f"{other}.") for other in FOREIGN.get(level, ()))
        if foreign and not f"{name}.".startswith("torch.nn.functional."):
            raise RungsError(f"{path.name}, line {line}, uses {name}: the {LEVELS[level]} level is written without it")


def _names_used(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported, and of every use of an attribute of torch."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Attribute) and (name := ast.unparse(node)).startswith(("torch.nn.", "torch.optim.")):
            yield node.lineno, name


def _place(trace: str, files: Mapping[str, Path]) -> str:
    for path in files.values():
        line = line_in_trace(trace, path)
        if line:
            return f" ({path.name}, {line})"
    return ""


def _record(chapter: Chapter, level: str, ok: bool) -> None:
    """A whole capstone in `my_work/` counts in the learner's progress."""
    name = f"{chapter.id}.{level}"
    if not progress.load().is_started(name):
        return
    with progress.change() as state:
        entry = state.entry(name)
        entry.checks += 1
        entry.touched = progress.now()
        entry.status = "passed" if ok else "failed"
        if entry.status == "passed":
            entry.passed = entry.passed or progress.now()
