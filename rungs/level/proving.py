"""The proofs on a learner's level: what `rungs verify --mine` runs in a process of its own."""

from __future__ import annotations

import ast
import sys
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rungs.level.files import level_modules, unproved
from rungs.level.loading import learners_level, uses
from rungs.sandbox.child import note
from rungs.sandbox.tracebacks import message
from utils.chapters import find_chapter

if TYPE_CHECKING:
    from utils.ladder import Ladder


def verify_in_child(chapter: str, level: str, files: dict[str, str], ladder: str | None, seeds: int) -> dict[str, Any]:
    """The reports of every ladder that the learner's files take part in.

    Args:
        files: module -> the learner's file.
        ladder: only this one, and then not all functions of the files need to run.

    Returns: {"reports": [...], "reach": {...}}, or {"problem": "..."} when a file cannot be loaded, or nothing is proved.
        reach: "ran" and "of" count the functions of the files, "not_run" has the others, as "module.Class.method".
    """
    from utils.ladder import load_ladders
    from utils.parity.prove import prove
    from utils.parity.reach import Reach

    note("loading the chapter")
    entry = find_chapter(chapter)
    ours = level_modules(entry, level)
    paths = {name: Path(file) for name, file in files.items()}
    sys.path += sorted({str(path.parent) for path in paths.values()})  # helper modules of the learner's own, found last
    ladders = load_ladders(chapter)
    if ladder is not None and ladder not in ladders:
        return {"problem": f"chapter {chapter} has no ladder {ladder!r} (there: {', '.join(ladders)})"}
    _show_only_warnings_of(files)
    reach = Reach()
    stand_in = learners_level(level, paths, ours, reach)
    note("importing your files")
    for name in paths:
        try:
            stand_in(name)
        except NotImplementedError:
            continue  # comes again, and is reported, where the module is used
        except BaseException as error:
            return {"problem": _import_problem(error, files)}

    ran: set[str] = set()
    reports = []
    for name, item in _concerned(ladders, level, paths, ours).items():
        if ladder is not None and name != ladder:
            continue
        reach.ran = set()
        report = prove(item, mine=stand_in, seeds=range(seeds), progress=lambda what, n=name: note(f"{n}: {what}"))
        if any(function.split(".")[0] in paths for function in reach.ran) or report.not_written:
            reports.append(report.asdict())
        ran |= reach.ran
    if not reports:
        of = f"ladder {ladder}" if ladder else f"the ladders of chapter {chapter}"
        names = ", ".join(path.name for path in paths.values())
        return {"problem": f"nothing was proved: {of} {'runs' if ladder else 'run'} none of the functions in {names}"}
    return {"reports": reports, "reach": _reached(paths, ran, unproved(entry))}


def _concerned(
    ladders: Mapping[str, Ladder], level: str, files: Mapping[str, Path], ours: Mapping[str, Path]
) -> dict[str, Ladder]:
    """The ladders whose model is built from one of the files; all of them, if a file is no part of any (a tokenizer)."""
    used = {name: uses(item.modules.get(level, ""), files, ours) for name, item in ladders.items()}
    if set().union(*used.values()) < files.keys():
        return dict(ladders)
    return {name: item for name, item in ladders.items() if used[name]}


def _reached(files: Mapping[str, Path], ran: set[str], excused: Mapping[str, str]) -> dict[str, Any]:
    from utils.parity.reach import public_functions

    functions = [
        f"{module}.{name}"
        for module, path in files.items()
        if module not in excused
        for name, _ in public_functions(ast.parse(path.read_bytes()))
        if f"{module}.{name}" not in excused and f"{module}.{name}".rpartition(".")[0] not in excused
    ]
    not_run = [name for name in functions if name not in ran]
    return {"ran": len(functions) - len(not_run), "of": len(functions), "not_run": not_run}


def _import_problem(error: BaseException, files: Mapping[str, str]) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files.values()]
    place = f", line {frames[-1].lineno}: {frames[-1].line}" if frames else ""
    what = "it called exit()" if isinstance(error, SystemExit) else f"{type(error).__name__}: {message(error)}"
    where = Path(frames[-1].filename).name if frames else "your file"
    return f"{where} cannot be imported{place} ({what})"


def _show_only_warnings_of(files: Mapping[str, str]) -> None:
    """What a library warns of is not what the learner's code printed."""
    shown = warnings.showwarning

    def show(message: Any, category: Any, filename: str, *rest: Any) -> None:
        if filename in files.values():
            shown(message, category, filename, *rest)

    warnings.showwarning = show
