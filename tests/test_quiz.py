"""The questions of the chapters: their files, the command that asks them, and when it asks again."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from rungs import progress
from rungs.app import app
from rungs.catalogue.loading import chapter_exercises
from rungs.errors import RungsError
from rungs.house.completeness import QUESTIONS
from rungs.quiz import schedule
from rungs.quiz.page import questions_markdown
from rungs.quiz.questions import KINDS, QuestionError, heading, load_questions
from rungs.quiz.quiz import Sitting, in_words
from utils.chapters import Chapter, find_chapter, written_chapters

START = datetime(2030, 1, 1, 9, tzinfo=UTC)
GOOD = """
[[question]]
id = "one"
kind = "trap"
place = "theory.md#1"
question = "Which of the two is it?"
answer = "The first, because of `<b>`."
"""


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUNGS_WORK", str(tmp_path / "work"))
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path / "work"


def run(*arguments: str, stdin: str = "") -> str:
    result = CliRunner().invoke(app, ["quiz", *arguments], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def finish(chapter: str) -> None:
    with progress.change() as state:
        for exercise in chapter_exercises(chapter):
            state.entry(exercise.id).begin()
            state.entry(exercise.id).passed = progress.now()


@pytest.fixture
def chapter(tmp_path: Path) -> Chapter:
    (tmp_path / "theory.md").write_text("# Title\n\n## 1. The `first`, in short\n\n```sh\n## 2. code\n```\n")
    return replace(find_chapter("01"), folder=str(tmp_path))


def write(chapter: Chapter, text: str) -> None:
    (chapter.path / "questions.toml").write_text(text, encoding="utf-8")


# ---- the files ----


@pytest.mark.parametrize("chapter", written_chapters(), ids=lambda chapter: chapter.id)
def test_every_chapter_has_enough_and_each_leads_somewhere(chapter: Chapter) -> None:
    questions = load_questions(chapter)
    assert len(questions) >= QUESTIONS
    assert {question.kind for question in questions} == KINDS.keys()
    for question in questions:
        heading(chapter, question)
        assert question.question.endswith(("?", ".")) and question.answer.endswith(".")
        assert "$" not in question.question + question.answer, "a summary shows no formula: write it in Unicode or code"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[question]", "questions.toml: "),
        ('[[limit]]\nid = "one"\n', "nothing else, not limit"),
        (GOOD.replace('kind = "trap"', 'kind = "riddle"'), r"question 1 \(one\): kind: "),
        (GOOD.replace('kind = "trap"\n', ""), "kind: Field required"),
        (GOOD + "minutes = 5\n", "minutes: Extra inputs"),
        (GOOD + GOOD, "two questions are called one"),
        (GOOD.replace('"one"', '"One"'), "id: String should match"),
        (GOOD.replace("theory.md#1", "theory.md"), "place: String should match"),
    ],
)
def test_a_faulty_file_is_refused(chapter: Chapter, text: str, message: str) -> None:
    write(chapter, text)
    with pytest.raises(QuestionError, match=message):
        load_questions(chapter)


@pytest.mark.parametrize("place", ["theory.md#2", "theory.md#11", "README.md#1", "theory.md#first"])
def test_a_place_that_is_not_there(chapter: Chapter, place: str) -> None:
    write(chapter, GOOD.replace("theory.md#1", place))
    with pytest.raises(QuestionError, match=f"no section {place}"):
        heading(chapter, load_questions(chapter)[0])


def test_a_page_shows_each_folded(chapter: Chapter) -> None:
    assert questions_markdown(chapter, chapter.path) == "None yet."
    write(chapter, GOOD.replace("the two", "`<a>` & b"))
    text = questions_markdown(chapter, chapter.path)
    assert text.startswith(
        '<details class="question" markdown="1">\n<summary>Which of <code>&lt;a&gt;</code> &amp; b is it? <em>(trap)</em>'
    )
    assert "(theory.md#1-the-first-in-short)" in text
    assert text.endswith("</details>")
    assert "(../theory.md#" in questions_markdown(chapter, chapter.path / "docs")


# ---- the command ----


def test_a_chapter_is_asked_and_every_grade_is_kept(work: Path) -> None:
    first, second = load_questions(find_chapter("01"))[:2]
    output = run("01", stdin="\n3\n\nx\n1\nq\n")
    assert output.index(first.question.split()[0]) < output.index("any key: the answer") < output.index("1 again")
    assert "good: again in 10 minutes" in output
    assert "2 of 14 answered, 1 to learn again." in output
    assert set(json.loads((work / "progress.json").read_text())["cards"]) == {f"01/{first.id}", f"01/{second.id}"}
    run("01", stdin="")  # the end of input ends it
    assert len(progress.load().cards) == 2


def test_without_a_name_it_is_the_chapter_that_the_learner_is_in() -> None:
    assert "  01  " in run(stdin="q\n")
    finish("01")
    assert "  02  " in run(stdin="q\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("99",), "no chapter '99'"), (("12",), "has no questions yet"), (("01", "--due"), "leave out --due")],
)
def test_bad_input(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(RungsError, match=message):
        run(*arguments)


def test_due_is_of_finished_chapters() -> None:
    assert "No chapter is finished yet" in run("--due")
    run("02", stdin="\n1\nq\n")
    assert "No chapter is finished yet" in run("--due")
    finish("01")
    output = run("--due", stdin="\n4\n" * 14)
    assert "14 of 14 answered, 0 to learn again." in output
    assert "Nothing is due." in run("--due")


def test_a_record_that_cannot_be_read_is_begun_anew() -> None:
    finish("01")
    name = f"01/{load_questions(find_chapter('01'))[0].id}"
    with progress.change() as state:
        state.cards[name] = {"card_id": 0, "due": "tomorrow"}
    assert len(schedule.due(progress.load(), START)) == 14
    with progress.change() as state:
        schedule.grade(state, name, 4, START)
    assert len(schedule.due(progress.load(), START)) == 13


# ---- over days ----


def test_over_days_what_is_known_comes_seldom_and_what_is_not_comes_soon() -> None:
    finish("01")
    hard = "01/overflow"
    asked: dict[int, list[str]] = {}
    for day in range(60):
        now = START + timedelta(days=day)
        asked[day] = []
        with progress.change() as state:
            for chapter, question in schedule.due(state, now):
                name = schedule.key(chapter, question)
                asked[day].append(name)
                schedule.grade(state, name, 1 if name == hard else 3, now)
    counts = Counter(name for names in asked.values() for name in names)
    known = counts.pop(hard)
    assert known > 2 * max(counts.values())
    assert len(asked[0]) == 14
    assert asked[1][0] == hard
    days = [day for day, names in asked.items() if "01/bias-sum" in names]
    gaps = [later - earlier for earlier, later in itertools.pairwise(days)]
    assert gaps == sorted(gaps) and gaps[-1] > 7 * gaps[0]


def test_a_sitting_asks_once_more_what_was_not_known() -> None:
    now = START
    answers = iter(["", "1", "", "3", "", "3"])
    questions = [(find_chapter("01"), question) for question in load_questions(find_chapter("01"))[:2]]
    console = Console(record=True, width=80)
    Sitting(console, lambda: next(answers), lambda: now).run(questions)
    assert "once more, 1 of 1" in console.export_text()
    cards = progress.load().cards
    assert all(card["last_review"] == now.isoformat() for card in cards.values())


@pytest.mark.parametrize(
    ("wait", "text"),
    [
        (timedelta(), "at once"),
        (timedelta(minutes=1), "in 1 minute"),
        (timedelta(hours=5), "in 5 hours"),
        (timedelta(days=8), "in 8 days"),
    ],
)
def test_a_wait_in_words(wait: timedelta, text: str) -> None:
    assert in_words(wait) == text
