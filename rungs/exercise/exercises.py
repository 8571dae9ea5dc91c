"""`rungs exercises`: what there is, and what of it is done."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from rungs import progress
from rungs.catalogue.loading import all_exercises, chapter_exercises
from rungs.errors import RungsError
from rungs.exercise.display import new_console, show_list
from rungs.options import Json
from utils.chapters import find_chapter

EXAMPLE = "rungs exercises 03"


def exercises(
    chapter: Annotated[str | None, typer.Argument(metavar="[CHAPTER]")] = None, as_json: Json = False
) -> None:
    """List the exercises, with what you have done."""
    try:
        found = chapter_exercises(chapter) if chapter else list(all_exercises())
    except KeyError as error:
        raise RungsError(str(error.args[0])) from None
    state = progress.load()
    console = new_console()
    if as_json:
        rows = [
            {
                "id": e.id,
                "name": e.alias,
                "title": e.title,
                "chapter": e.chapter.id,
                "kind": e.kind,
                "level": e.level,
                "difficulty": e.difficulty,
                "minutes": e.minutes,
                "progress": asdict(state.entries.get(e.id, progress.Entry())),
            }
            for e in found
        ]
        print(json.dumps(rows, indent=2))
    elif found:
        show_list(console, found, state)
    else:
        console.print("No exercises yet" + (f" in chapter {find_chapter(chapter).id}." if chapter else "."))
