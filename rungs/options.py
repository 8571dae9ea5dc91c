"""Arguments and options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

ChapterName = Annotated[
    str, typer.Argument(metavar="CHAPTER", help="Number, folder or short name: 03, lenet, 03_CNN_LeNet.")
]
LadderName = Annotated[str | None, typer.Option("--ladder", help="Which model of the chapter, where it has several.")]
ExerciseName = Annotated[
    str | None, typer.Argument(metavar="[EXERCISE]", help="01.1, its name, or a level such as 03.numpy.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else on standard output.")]
