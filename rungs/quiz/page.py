"""The questions of a chapter as Markdown, each folded with its answer."""

from __future__ import annotations

import html
import re

from rungs.quiz.questions import KINDS, heading, load_questions
from utils.chapters import Chapter


def questions_markdown(chapter: Chapter) -> str:
    """Kind by kind; each question is a `<details>`, which code hosts and the site both fold."""
    questions = load_questions(chapter)
    lines = []
    for kind, name in KINDS.items():
        for question in (question for question in questions if question.kind == kind):
            title, target = heading(chapter, question)
            lines += [
                '<details markdown="1">',
                f"<summary>{_inline(question.question)} <em>({name})</em></summary>",
                "",
                question.answer,
                "",
                f"[{title}]({target})",
                "",
                "</details>",
                "",
            ]
    return "\n".join(lines).rstrip() or "None yet."


def _inline(text: str) -> str:
    """As HTML, since code hosts render no Markdown in a summary."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(" ".join(text.split()), quote=False))
