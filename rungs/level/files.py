"""Which files make a level: ours, and the learner's that stand for them."""

from __future__ import annotations

from pathlib import Path

from rungs.errors import RungsError
from rungs.progress import work_folder
from utils.chapters import Chapter

SUFFIX = {"numpy": "_numpy", "pytorch_lowlevel": "_lowlevel", "paper": "_paper"}
"""How the modules of a level end."""


def level_modules(chapter: Chapter, level: str) -> dict[str, Path]:
    """The modules of a level: name -> file."""
    found = sorted((chapter.path / level).glob(f"*{SUFFIX[level]}.py"))
    return {path.stem: path for path in found if not path.stem.startswith("test_")}


def unproved(chapter: Chapter) -> dict[str, str]:
    """What is no part of writing a level, with the reason: "module" or "module.Class.method", as the ladders list it."""
    from utils.ladder import load_ladders

    return {name: reason for ladder in load_ladders(chapter.id).values() for name, reason in ladder.unproved.items()}


def modules_to_write(chapter: Chapter, level: str) -> dict[str, Path]:
    """The modules of a level that a learner writes: name -> file of ours."""
    excused = unproved(chapter)
    return {name: path for name, path in level_modules(chapter, level).items() if name not in excused}


def default_folder(chapter: Chapter, level: str) -> Path:
    """Where `rungs start 03.numpy` puts a level."""
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
