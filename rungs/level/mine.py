"""`rungs verify --mine`: the learner's own level in the place of ours, in the whole equality suite.

A level is one or several modules. Those that the learner wrote are loaded under their names, so that they find each
other; for the rest the tested ones are taken. What is missing in a learner's module raises NotImplementedError when it is
used, and is reported as not written yet.
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from rungs.errors import Failed, RungsError
from rungs.level.skeleton import SUFFIX, level_modules
from utils.chapters import LEVELS, Chapter, find_chapter

SECONDS = 180
MEMORY_MB = 8192
FOREIGN = {
    "numpy": ("torch", "torchvision", "scipy", "sklearn", "jax", "tensorflow", "autograd"),
    "pytorch_lowlevel": ("torch.nn", "torch.optim", "torchvision", "jax", "tensorflow"),
}
"""What a level is written without: with it, a file would pass and prove nothing."""


def default_folder(chapter: Chapter, level: str) -> Path:
    """Where `rungs start 03.numpy` puts a level."""
    from rungs.progress import work_folder

    return work_folder() / f"{chapter.id}.{level}"


def find_files(chapter: Chapter, level: str, file: Path | None, main: list[str]) -> dict[str, Path]:
    """The learner's modules: name -> file. `file`: a module, or a folder of them; None for the default folder.

    `main` are the modules that ladders name for this level; a file of another name stands for the only one there is.

    Raises:
        RungsError: there is no such file, or it cannot be told which module it stands for.
    """
    known = level_modules(chapter, level)
    path = (file or default_folder(chapter, level)).absolute()
    if not path.exists():
        if file is None:
            raise RungsError(f"{path} is not there; `rungs start {chapter.id}.{level}` writes a skeleton to begin with")
        raise RungsError(f"{path} is not there")
    folder = path if path.is_dir() else path.parent
    found = {name: folder / f"{name}.py" for name in known if (folder / f"{name}.py").is_file()}
    if path.is_dir():
        if not found:
            raise RungsError(f"{path} has none of the level's modules: {', '.join(f'{name}.py' for name in known)}")
        return found
    if path.stem not in known:
        for other in SUFFIX:
            if path.stem in level_modules(chapter, other):
                raise RungsError(f"{path.name} is a module of the {other} level; say --level {other}")
        if len(main) != 1:
            names = " or ".join(f"{name}.py" for name in main)
            raise RungsError(
                f"{path.name} could stand for several modules of chapter {chapter.id}; call it {names}, or say --ladder"
            )
        found[main[0]] = path
    return found


def _names(source: str) -> list[str]:
    """Public functions and classes of a module."""
    tree = ast.parse(source)
    return [n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and not n.name.startswith("_")]


def _missing(name: str) -> type:
    """Stands in for what is not written yet; it raises when it is called, and may be subclassed."""

    def new(cls: type, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{name} is not there yet")

    return type(name, (), {"__new__": new})


class _Loader(SourceFileLoader):
    """Loads a learner's module, and fills in what it lacks of ours."""

    def __init__(self, name: str, path: str, ours: Path | None) -> None:
        super().__init__(name, path)
        self.ours = ours

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        for name in _names(self.ours.read_text(encoding="utf-8")) if self.ours else []:
            if not hasattr(module, name):
                setattr(module, name, _missing(name))

    def get_code(self, fullname: str) -> Any:
        """Always from the source: no __pycache__ in the learner's folder."""
        return compile(Path(self.path).read_bytes(), self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, files: Mapping[str, Path], ours: Mapping[str, Path]) -> None:
        self.files, self.ours = files, ours

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname not in self.files:
            return None
        file = str(self.files[fullname])
        loader = _Loader(fullname, file, self.ours.get(fullname))
        return importlib.util.spec_from_file_location(fullname, file, loader=loader)


@contextmanager
def _learners_modules(files: Mapping[str, Path], ours: Mapping[str, Path]) -> Iterator[None]:
    """While the block runs, imports of the level's modules find the learner's; afterwards ours are back."""
    held = {name: sys.modules.pop(name) for name in ours if name in sys.modules}
    finder = _Finder(files, ours)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in {*ours, *files}:
            sys.modules.pop(name, None)
        sys.modules.update(held)


def load_level(module: str, files: Mapping[str, Path], chapter: Chapter, level: str) -> ModuleType:
    """The module called `module`, the learner's or ours, in which every import of the level's modules found the learner's."""
    with _learners_modules(files, level_modules(chapter, level)):
        return importlib.import_module(module)


def _uses(module: str, files: Mapping[str, Path], ours: Mapping[str, Path], seen: frozenset[str] = frozenset()) -> bool:
    """Whether a module is the learner's, or imports one that is."""
    if module in files:
        return True
    if module not in ours or module in seen:
        return False
    tree = ast.parse(ours[module].read_text(encoding="utf-8"))
    imported = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}
    imported |= {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    return any(_uses(name, files, ours, seen | {module}) for name in imported)


def verify_in_child(chapter: str, level: str, files: dict[str, str], ladder: str | None, seeds: int) -> dict[str, Any]:
    """The reports of every ladder that the learner's files take part in; what `rungs.sandbox.process` runs.

    Returns: {"reports": [...]}, or {"problem": "..."} when a file cannot be loaded.
    """
    import traceback

    from rungs.sandbox.child import note
    from utils.ladder import load_ladders
    from utils.parity.finding import Finding
    from utils.parity.prove import prove
    from utils.parity.report import Report

    note("loading the chapter")
    entry = find_chapter(chapter)
    ours = level_modules(entry, level)
    paths = {name: Path(file) for name, file in files.items()}
    sys.path += sorted({str(path.parent) for path in paths.values()})  # helper modules of the learner's own, found last
    reports = []
    ladders = load_ladders(chapter)
    if ladder is not None and ladder not in ladders:
        return {"problem": f"chapter {chapter} has no ladder {ladder!r} (there: {', '.join(ladders)})"}
    for name, item in ladders.items():
        if (ladder is not None and name != ladder) or not _uses(item.modules.get(level, ""), paths, ours):
            continue
        try:
            note("importing your files")
            module = load_level(item.modules[level], paths, entry, level)
        except NotImplementedError as error:
            report = Report(
                item.name, item.chapter, [Finding("model", "not written", message=str(error), proof="levels")]
            )
        except BaseException as error:
            frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files.values()]
            place = f", line {frames[-1].lineno}: {frames[-1].line}" if frames else ""
            what = "it called exit()" if isinstance(error, SystemExit) else f"{type(error).__name__}: {error}"
            where = Path(frames[-1].filename).name if frames else "your file"
            return {"problem": f"{where} cannot be imported{place} ({what})"}
        else:
            report = prove(
                item, mine={level: module}, seeds=range(seeds), progress=lambda what, n=name: note(f"{n}: {what}")
            )
        reports.append(report.asdict())
    return {"reports": reports}


def reports(
    chapter: Chapter,
    level: str,
    file: Path | None = None,
    *,
    ladder: str | None = None,
    seeds: int = 3,
    tell: Callable[[str], None] = lambda what: None,
) -> list[dict[str, Any]]:
    """The suite's reports with the learner's files in the place of a level, from a limited process.

    Args:
        file: a module or a folder; None for what `rungs start` wrote.
        tell: called with what is being compared.

    Raises:
        RungsError: no such file, or one that cannot be loaded.
        Failed: the learner's code did not end, crashed, or ended the process.
    """
    from rungs.sandbox.process import run_limited

    files = find_files(chapter, level, file, _main_modules(chapter, level, ladder) if file and file.is_file() else [])
    for path in files.values():
        _look_at(path, level)
    seconds = float(os.environ.get("RUNGS_SECONDS") or SECONDS)
    outcome = run_limited(
        "rungs.level.mine:verify_in_child",
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
    found = outcome.result["reports"]
    if file is None and ladder is None and files.keys() == level_modules(chapter, level).keys():
        _record(chapter, level, found)
    return found


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
    from rungs.sandbox.tracebacks import line_in_trace

    for path in files.values():
        line = line_in_trace(trace, path)
        if line:
            return f" ({path.name}, {line})"
    return ""


def _record(chapter: Chapter, level: str, found: list[dict[str, Any]]) -> None:
    """A whole capstone in `my_work/` counts in the learner's progress."""
    from rungs import progress

    name = f"{chapter.id}.{level}"
    if not found or not progress.load().is_started(name):
        return
    with progress.change() as state:
        entry = state.entry(name)
        entry.checks += 1
        entry.touched = progress.now()
        entry.status = "passed" if all(report["ok"] for report in found) else "failed"
        if entry.status == "passed":
            entry.passed = entry.passed or progress.now()
