"""What an exercise is, and the wrong answers that it knows."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path

from rungs.errors import RungsError
from utils.chapters import Chapter

KINDS = {
    "warm-up": "warm-up",
    "extend": "extend the model",
    "derive": "derive and implement",
    "bug-hunt": "bug hunt",
    "measure": "measure",
}
"""Kind of exercise -> what readers see."""
LEVELS = ("numpy", "pytorch_lowlevel", "paper", "production")


class ExerciseError(RungsError):
    """An exercise that does not exist, or whose folder is not as it should be; the message says what to do."""


@dataclass(frozen=True)
class Need:
    chapter: str  # id of a chapter
    what: str  # "the gradient of the squared error (theory.md, section 2)"


@dataclass(frozen=True)
class SolutionFrom:
    """The definitions that a solution is made of."""

    module: str  # "resnet_production": a module of the chapter, of the exercise's level
    names: tuple[str, ...]  # in the order of the solution


@dataclass(frozen=True)
class Claim:
    """A formula of a hint, as code that holds in the solution."""

    hint: int  # 1 to 3
    says: str  # the hint's words: "n k alpha"
    function: str  # "ridge_fit", "Linear.backward": where it holds, when the function returns
    holds: str  # "gram == xc.T @ xc + n * k * alpha * np.eye(f)"


@dataclass(frozen=True)
class Misconception:
    """A plausible wrong answer. `text` explains it to the learner whose answer behaves like it."""

    name: str  # the file's stem
    text: str
    source: str  # the whole wrong answer
    path: Path


@dataclass(frozen=True)
class Exercise:
    id: str  # stable: progress is kept under it, whatever happens to chapter numbers and folder order
    title: str
    kind: str  # a key of KINDS
    level: str
    difficulty: int  # 1 to 5
    minutes: int
    needs: tuple[Need, ...]
    hints: tuple[str, str, str]
    explanation: str  # why the solution is right, Markdown
    chapter: Chapter
    order: str  # what the folder's name begins with, without leading zeros: "1", and "0a" for a warm-up
    path: Path
    torch: bool = False  # whether the checker or the answer needs torch
    seconds: int = 10  # time limit of one check
    memory_mb: int = 2048
    mentions: tuple[str, ...] = ()  # words of later chapters that the text may mention in passing
    solution_from: SolutionFrom | None = None  # None: the solution stands in solution.py
    claims: tuple[Claim, ...] = ()
    allowed: dict[str, str] = field(default_factory=dict)  # change of the solution that passes -> why that is right

    @property
    def alias(self) -> str:
        """The short name for the command line: "01.1"."""
        return f"{self.chapter.id}.{self.order}"

    @property
    def file_name(self) -> str:
        """What the learner's file is called: "ridge_gradient.py"."""
        return self.id.replace("-", "_") + ".py"

    @property
    def stub(self) -> Path:
        return self.path / "stub.py"

    @property
    def solution_file(self) -> Path:
        """Where the solution stands: solution.py, or the module that it is taken from."""
        if self.solution_from is None:
            return self.path / "solution.py"
        return self.chapter.path / self.level / f"{self.solution_from.module}.py"

    @property
    def solution(self) -> str:
        """The answer, Python source."""
        text = self.solution_file.read_text(encoding="utf-8")
        if self.solution_from is None:
            return text
        from rungs.catalogue.derived import derived_solution

        try:
            return derived_solution(self.stub.read_text(encoding="utf-8"), text, self.solution_from.names)
        except ValueError as error:
            raise ExerciseError(
                f"{self.path / 'exercise.toml'}: solution_from {self.solution_from.module}: {error}"
            ) from None

    @property
    def check(self) -> Path:
        return self.path / "check.py"

    @property
    def task(self) -> str:
        """The task: README.md, Markdown."""
        return (self.path / "README.md").read_text(encoding="utf-8")

    def misconceptions(self) -> list[Misconception]:
        """Every file of mistakes/, in order of name.

        A mistake is a whole wrong answer, or only its difference: a file that assigns
        `CHANGES = [(find, replace), ...]`, applied to the solution.
        """
        solution = self.solution
        return [_read_mistake(path, solution) for path in sorted((self.path / "mistakes").glob("*.py"))]


def _read_mistake(path: Path, solution: str) -> Misconception:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source, filename=str(path))
    text = ast.get_docstring(tree)
    if not text:
        raise ExerciseError(f"{path}: a mistake needs a docstring that explains the misconception")
    statements = [node for node in tree.body if not isinstance(node, ast.Expr)]
    if (
        len(statements) == 1
        and isinstance(statements[0], ast.Assign)
        and ast.unparse(statements[0].targets[0]) == "CHANGES"
    ):
        changes = ast.literal_eval(statements[0].value)
        source = solution
        for find, replace in changes:
            if source.count(find) != 1:
                raise ExerciseError(
                    f"{path}: {find!r} stands {source.count(find)} times in the solution, and must stand there once"
                )
            source = source.replace(find, replace)
    return Misconception(path.stem, " ".join(text.split()) if "\n\n" not in text else text, source, path)
