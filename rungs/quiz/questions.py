"""The questions of a chapter, read from its questions.toml and checked.

A question is a table `[[question]]` with

    id        unique in the chapter; the learner's record is kept under it
    kind      a key of KINDS
    place     where the chapter answers it: a page and a section, "theory.md#3" by number or "README.md#results" by anchor
    question  Markdown
    answer    Markdown, one to four sentences
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rungs.errors import RungsError
from utils.chapters import Chapter

Kind = Literal["shape", "derivation", "trap", "design", "limit", "change"]
KINDS: dict[str, str] = {
    "shape": "shapes",
    "derivation": "derivation",
    "trap": "trap",
    "design": "design decision",
    "limit": "limits",
    "change": "what would change if",
}
"""Kind of question -> what readers see."""
assert KINDS.keys() == {*get_args(Kind)}


class QuestionError(RungsError):
    """A questions.toml that is not as it should be; the message says where and why."""


class Question(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    kind: Kind
    place: str = Field(pattern=r"^[\w./]+\.md#\S+$")
    question: str = Field(min_length=10)
    answer: str = Field(min_length=10)


def load_questions(chapter: Chapter) -> list[Question]:
    """The questions of a chapter, in the order of the file; none where there is no file.

    Raises:
        QuestionError: the file is not TOML, a key is missing, unknown or of another form, or two questions share an id.
    """
    path = chapter.path / "questions.toml"
    where = f"{chapter.folder}/{path.name}"
    if not path.exists():
        return []
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise QuestionError(f"{where}: {error}") from None
    if tree.keys() - {"question"} or not isinstance(tree.get("question", []), list):
        raise QuestionError(f"{where}: it has tables [[question]] and nothing else, not {', '.join(tree)}")
    questions = [
        _question(entry, f"{where}: question {number}") for number, entry in enumerate(tree.get("question", []), 1)
    ]
    names = [question.id for question in questions]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise QuestionError(f"{where}: two questions are called {', '.join(twice)}")
    return questions


def _question(entry: dict[str, Any], where: str) -> Question:
    try:
        return Question.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "it"
        raise QuestionError(f"{where} ({entry.get('id', 'no id')}): {key}: {first['msg']}") from None


def heading(chapter: Chapter, question: Question) -> tuple[str, str]:
    """The heading of the section that a question points to, and its anchor.

    Raises:
        QuestionError: the chapter has no such page or section.
    """
    page, _, name = question.place.partition("#")
    path = chapter.path / page
    for title in headings(path) if path.is_file() else ():
        if anchor(title) == name or re.match(rf"{re.escape(name)}\.? ", title):
            return title, f"{page}#{anchor(title)}"
    raise QuestionError(f"{chapter.folder}/questions.toml: {question.id}: there is no section {question.place}")


def headings(page: Path) -> list[str]:
    """The headings of a Markdown page below its title, without those in code."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"^#{2,6} (.+?)\s*$", text, flags=re.MULTILINE)


def anchor(title: str) -> str:
    """The anchor that code hosts and the site give to a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
