"""The questions of a chapter as Markdown, each folded with its answer."""

from __future__ import annotations

import html
import os
import re
from pathlib import Path

from rungs.quiz.questions import KINDS, heading, load_questions
from utils.chapters import Chapter


def questions_markdown(chapter: Chapter, folder: Path) -> str:
    """For a page in `folder`, kind by kind; each question is a `<details>`, which code hosts and the site both fold."""
    questions = load_questions(chapter)
    lines = []
    for kind, name in KINDS.items():
        for question in (question for question in questions if question.kind == kind):
            title, target = heading(chapter, question)
            lines += [
                '<details class="question" markdown="1">',
                f"<summary>{_inline(question.question)} <em>({name})</em></summary>",
                "",
                question.answer,
                "",
                f"[{title}]({os.path.relpath(chapter.path / target, folder)})",
                "",
                "</details>",
                "",
            ]
    return "\n".join(lines).rstrip() or "None yet."


def _inline(text: str) -> str:
    """As HTML, since code hosts render no Markdown in a summary."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(" ".join(text.split()), quote=False))
