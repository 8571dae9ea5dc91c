"""The exercises on disk: read from their folders, and found by name.

An exercise is a folder `NN_x/exercises/<order>_<slug>/` with exercise.toml, README.md (the task), stub.py,
check.py, solution.py and mistakes/*.py. Nothing here runs an exercise (`rungs.checking` does) or knows the learner
(`rungs.progress` does); imports stay light, since the map, the site and shell completion use this module.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from rungs.catalogue.exercise import KINDS, LEVELS, Claim, Exercise, ExerciseError, Need, SolutionFrom
from utils.chapters import Chapter, all_chapters, find_chapter

REQUIRED = {
    "id": str,
    "title": str,
    "kind": str,
    "level": str,
    "difficulty": int,
    "minutes": int,
    "needs": list,
    "hints": list,
    "explanation": str,
}
OPTIONAL = {
    "torch": bool,
    "seconds": int,
    "memory_mb": int,
    "mentions": list,
    "solution_from": dict,
    "allowed": dict,
    "claims": list,
}


def load_exercise(path: Path, chapter: Chapter) -> Exercise:
    """Read and check one exercise folder.

    Raises:
        ExerciseError: a missing file, a missing or unknown key, or a value out of range; the message names it.
    """
    where = path / "exercise.toml"
    for name in ("exercise.toml", "README.md", "stub.py", "check.py"):
        if not (path / name).exists():
            raise ExerciseError(f"exercise {path.name} of chapter {chapter.id} has no {name}")
    try:
        meta = tomllib.loads(where.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ExerciseError(f"{where}: {error}") from None
    for key, kind in REQUIRED.items():
        if key not in meta:
            raise ExerciseError(f"{where}: the key {key!r} is missing")
        if not isinstance(meta[key], kind):
            raise ExerciseError(f"{where}: {key} must be a {kind.__name__}, not {meta[key]!r}")
    for key, value in meta.items():
        if key not in REQUIRED and key not in OPTIONAL:
            near = difflib.get_close_matches(key, [*REQUIRED, *OPTIONAL], n=1)
            raise ExerciseError(f"{where}: unknown key {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        if key in OPTIONAL and not isinstance(value, OPTIONAL[key]):
            raise ExerciseError(f"{where}: {key} must be a {OPTIONAL[key].__name__}, not {value!r}")
    if meta["kind"] not in KINDS:
        raise ExerciseError(f"{where}: kind {meta['kind']!r} is none of {', '.join(KINDS)}")
    if meta["level"] not in LEVELS:
        raise ExerciseError(f"{where}: level {meta['level']!r} is none of {', '.join(LEVELS)}")
    if not 1 <= meta["difficulty"] <= 5:
        raise ExerciseError(f"{where}: difficulty {meta['difficulty']} is not between 1 and 5")
    if len(meta["hints"]) != 3:
        raise ExerciseError(f"{where}: an exercise has three hints of rising directness, not {len(meta['hints'])}")
    order = path.name.split("_")[0]
    if not re.fullmatch(r"(?!00$)\d\d|00[a-z]", order):
        raise ExerciseError(
            f"{path}: the folder's name must begin with its order: 01_ridge, or 00a_shapes for a warm-up"
        )
    if (meta["kind"] == "warm-up") != order.startswith("00"):
        raise ExerciseError(f"{path}: a warm-up, and nothing else, has an order of 00a, 00b, ...")
    try:
        needs = tuple(Need(**need) for need in meta["needs"])
        for need in needs:
            find_chapter(need.chapter)
    except (TypeError, KeyError) as error:
        raise ExerciseError(
            f'{where}: needs must look like [{{ chapter = "01", what = "..." }}] ({error.args[0]})'
        ) from None
    try:
        claims = tuple(Claim(**claim) for claim in meta.get("claims", ()))
    except TypeError as error:
        raise ExerciseError(f"{where}: claims have the keys hint, says, function and holds ({error.args[0]})") from None
    meta |= {
        "claims": claims,
        "needs": needs,
        "hints": tuple(text.strip() for text in meta["hints"]),
        "explanation": meta["explanation"].strip(),
        "mentions": tuple(meta.get("mentions", ())),
    }
    if meta.get("torch"):
        meta = {"seconds": 60, "memory_mb": 8192, **meta}
    if "solution_from" in meta:
        meta["solution_from"] = _solution_from(meta["solution_from"], path)
    for change, why in meta.get("allowed", {}).items():
        if not isinstance(why, str) or len(why) < 20:
            raise ExerciseError(f"{where}: allowed {change!r} needs a reason in a sentence, not {why!r}")
    exercise = Exercise(**meta, chapter=chapter, order=order.removeprefix("0"), path=path)
    if not exercise.solution_file.exists():
        raise ExerciseError(f"exercise {path.name} of chapter {chapter.id} has no {exercise.solution_file.name}")
    return exercise


def _solution_from(entry: dict[str, Any], path: Path) -> SolutionFrom:
    match entry:
        case {"module": str(module), "names": [str(), *_] as names} if len(entry) == 2:
            if (path / "solution.py").exists():
                raise ExerciseError(f"{path} has solution_from and a solution.py: one of them is too many")
            return SolutionFrom(module, tuple(names))
    raise ExerciseError(
        f"{path / 'exercise.toml'}: solution_from must look like "
        f'{{ module = "resnet_production", names = ["gem_head"] }}, not {entry!r}'
    )


def _folders(chapter: Chapter) -> list[Path]:
    folder = chapter.path / "exercises"
    return sorted(path for path in folder.iterdir() if (path / "exercise.toml").exists()) if folder.is_dir() else []


@cache
def all_exercises() -> tuple[Exercise, ...]:
    """Every exercise, in the order of the curriculum.

    Raises:
        ExerciseError: a folder is not as it should be, or two exercises share an id.
    """
    found = [load_exercise(path, chapter) for chapter in all_chapters() for path in _folders(chapter)]
    for name in ("id", "alias"):
        seen = {}
        for exercise in found:
            key = getattr(exercise, name)
            if key in seen:
                raise ExerciseError(f"two exercises are called {key!r}: {seen[key].path} and {exercise.path}")
            seen[key] = exercise
    return tuple(found)


def chapter_exercises(chapter: str) -> list[Exercise]:
    """The exercises of one chapter, in order."""
    wanted = find_chapter(chapter).id
    return [exercise for exercise in all_exercises() if exercise.chapter.id == wanted]


def find_exercise(name: str) -> Exercise:
    """The exercise called `name`: its id ("ridge-gradient"), its short name ("01.1", "1.1"), or its folder.

    Raises:
        ExerciseError: there is none; the message suggests the nearest, or says where the list is.
    """
    wanted = name.strip().strip("/").lower()
    names = {}
    for exercise in all_exercises():
        short = f"{exercise.chapter.id.lstrip('0')}.{exercise.order}"
        for known in (
            exercise.id,
            exercise.alias,
            short,
            exercise.path.name,
            f"{exercise.chapter.id}.{exercise.path.name.split('_')[0]}",
        ):
            names.setdefault(known.lower(), exercise)
    if wanted in names:
        return names[wanted]
    head = wanted.split(".")[0]
    try:
        chapter, known = find_chapter(head), chapter_exercises(head)
    except KeyError:
        chapter, known = None, []
    if "." in wanted and chapter is not None and not known:
        raise ExerciseError(f"no exercise {name!r}; chapter {chapter.id} ({chapter.title}) has none yet")
    if "." in wanted and known:
        raise ExerciseError(
            f"no exercise {name!r}; chapter {known[0].chapter.id} has "
            + ", ".join(f"{e.alias} ({e.id})" for e in known)
        )
    if chapter is not None and known:
        raise ExerciseError(
            f"{name!r} is a chapter; its exercises are " + ", ".join(f"{e.alias} ({e.title})" for e in known)
        )
    near = difflib.get_close_matches(wanted, names, n=1)
    if near:
        raise ExerciseError(f"no exercise {name!r}; did you mean {names[near[0]].alias} ({names[near[0]].id})?")
    raise ExerciseError(f"no exercise {name!r}; `rungs exercises` lists them all")
