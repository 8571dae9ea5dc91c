"""The files of `rungs/templates/chapter`: a whole chapter on y = tanh(a x), from which a new one is begun."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from utils.chapters import ROOT, Chapter

TEMPLATE = Path(__file__).parents[1] / "templates" / "chapter"
MARK = "TODO(rungs new)"
"""What is to be replaced carries this mark."""


def class_name(name: str) -> str:
    """ "lstm_gru" -> "LstmGru": what the model's classes are called."""
    return "".join(part.capitalize() for part in name.split("_"))


def chapter_files(chapter: Chapter, name: str) -> dict[str, str]:
    """The files of a new chapter: path in its folder -> text.

    Args:
        name: what its modules and its ladder are called.
    """
    words = {
        "NN_TanhScale": chapter.folder,
        "tanh-scale": name.replace("_", "-"),
        "tanhscale": name,
        "TanhScale": class_name(name),
        "TITLE": chapter.title,
        "NN": chapter.id,
    }
    pattern = re.compile("|".join(words))

    def written(text: str) -> str:
        return pattern.sub(lambda match: words[match[0]], text)

    return {
        written(path.relative_to(TEMPLATE).as_posix()): written(path.read_text(encoding="utf-8"))
        for path in sorted(TEMPLATE.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def identifiers() -> set[str]:
    """Every name that the template's code uses; a model that is called so would hide it."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in TEMPLATE.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    found = {node.id for node in nodes if isinstance(node, ast.Name)}
    found |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return found | {alias.asname or alias.name for node in imports for alias in node.names}


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Write the files, and let ruff put imports and lines in order where it is installed: these depend on the names."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for command in (["check", "--select", "I", "--fix"], ["format"]):
        subprocess.run(
            [sys.executable, "-m", "ruff", *command, str(folder)], cwd=ROOT, capture_output=True, check=False
        )
