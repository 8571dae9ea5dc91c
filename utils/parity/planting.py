"""Planted mistakes: a level with a fault in the source of one of its modules, to show that the suite notices.

A chapter lists its mistakes in `mistakes.toml`, by ladder.
"""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

from utils.ladder import Ladder, Mistake
from utils.parity.stand_in import StandIn, origin


def load_mistakes(folder: Path) -> dict[str, tuple[Mistake, ...]]:
    """The mistakes of a chapter's `mistakes.toml` by the name of the ladder; a heading may name several, separated by spaces.

    Raises:
        TypeError: an entry lacks a field of `Mistake`, or has one too many.
    """
    mistakes: dict[str, tuple[Mistake, ...]] = {}
    for ladders, entries in tomllib.loads((folder / "mistakes.toml").read_text(encoding="utf-8")).items():
        for ladder in ladders.split():
            mistakes[ladder] = mistakes.get(ladder, ()) + tuple(Mistake(**entry) for entry in entries)
    return mistakes


def plant(ladder: Ladder, mistake: Mistake) -> StandIn:
    """The level with the mistake in the source of its module, or of the module that `mistake.module` names.

    Raises:
        ValueError: the text to replace does not stand exactly once in the source.
    """
    name = mistake.module or ladder.modules[mistake.level]
    path = origin(name)
    source = path.read_text(encoding="utf-8")
    if source.count(mistake.find) != 1:
        raise ValueError(
            f"{mistake.name}: {mistake.find!r} stands {source.count(mistake.find)} times in {path.name}, not once"
        )
    faulty = ast.parse(source.replace(mistake.find, mistake.replace), filename=str(path))
    return StandIn(mistake.level, change=lambda module, tree: faulty, changes={name})
