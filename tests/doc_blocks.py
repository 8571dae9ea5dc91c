"""What the guides take from the code: quoted sections and outputs, read, checked and renewed.

In a Markdown page,

    <!-- from: 01_Linear_Logistic/numpy/linear_numpy.py linear -->   the next fence quotes that section of the file
    <!-- from: 01_Linear_Logistic/ladder.py -->                      the next fence quotes the whole file
    <!-- run -->                                                     the next Python fence runs, and the text fence after
                                                                     it is what it prints

The Python fences of a page run in order and share their names, as the cells of a notebook do.
`python -m tests.doc_blocks` renews all of them; `test_docs.py` fails when one is out of date.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import textwrap
import tokenize
from collections.abc import Iterator
from pathlib import Path

from utils.chapters import ROOT

SKIP = {"site", "runs", "my_work", "node_modules", "dist", "build"}
QUOTE = re.compile(r"^<!-- from: (?P<path>\S+)(?: (?P<section>[\w-]+))? -->\n+```\w+\n(?P<code>.*?)^```$", re.M | re.S)
RUN = re.compile(r"^<!-- run -->\n+```python\n(?P<code>.*?)^```\n+```text\n(?P<output>.*?)^```$", re.M | re.S)
MARKER = re.compile(r"^[ \t]*# --8<-- \[(?:start|end):[\w-]+\][ \t]*\n", re.M)


def pages() -> list[Path]:
    """Every Markdown page of the project."""
    return sorted(_walk(ROOT))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if not path.name.startswith(".") and path.name not in SKIP:
                yield from _walk(path)
        elif path.suffix == ".md":
            yield path


def section(path: Path, name: str | None) -> str:
    """The lines between `[start:name]` and `[end:name]`, without indentation and other markers; without a name, all lines.

    Raises:
        ValueError: the file does not mark that section exactly once.
    """
    source = path.read_text(encoding="utf-8")
    if name is None:
        return source
    parts = re.findall(
        rf"# --8<-- \[start:{re.escape(name)}\]\n(.*?)^[ \t]*# --8<-- \[end:{re.escape(name)}\]", source, re.M | re.S
    )
    if len(parts) != 1:
        raise ValueError(f"{path.relative_to(ROOT)} marks section {name!r} {len(parts)} times, not once")
    code = textwrap.dedent(MARKER.sub("", parts[0])).strip("\n") + "\n"
    return re.sub(r"\n{3,}(?=[ \t])", "\n\n", code)  # a marker inside a class leaves two blank lines


def lines_of_code(path: Path, name: str) -> int:
    """Lines of a section without blank lines, comments and docstrings."""
    skip = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    code, text = set[int](), set[int]()
    for token in tokenize.generate_tokens(io.StringIO(section(path, name)).readline):
        lines = range(token.start[0], token.end[0] + 1)
        if token.type == tokenize.STRING and token.line.lstrip().startswith('"""'):
            text.update(lines)
        elif token.type not in skip:
            code.update(lines)
    return len(code - text)


def renewed(text: str) -> str:
    """The page with its quotes and outputs made anew."""

    def quote(match: re.Match[str]) -> str:
        before = match.group()[: match.start("code") - match.start()]
        return before + section(ROOT / match["path"], match["section"]) + "```"

    names: dict[str, object] = {"__name__": "__docs__"}

    def run(match: re.Match[str]) -> str:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(match["code"], "<docs>", "exec"), names)
        start = match.start("output") - match.start()
        return match.group()[:start] + printed.getvalue() + "```"

    return RUN.sub(run, QUOTE.sub(quote, text))


def main() -> None:
    for page in pages():
        text = page.read_text(encoding="utf-8")
        if (fresh := renewed(text)) != text:
            page.write_text(fresh, encoding="utf-8")
            print(f"rewritten: {page.relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
