"""What the chapters' notebooks share: figures small enough to commit, the lines of code that matter, and live comparisons."""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from utils.figures.style import project_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI, COLOURS = 88, 64  # 704 pixels wide; a palette makes a PNG several times smaller


def show(figure: Figure) -> None:
    """Display a figure as a compact PNG, below the cell that calls this."""
    from IPython.display import Image, display
    from PIL import Image as Picture

    drawn, small = io.BytesIO(), io.BytesIO()
    with project_style():
        figure.savefig(drawn, format="png", dpi=DPI)
    with Picture.open(drawn) as picture:
        picture.convert("RGB").quantize(COLOURS).save(small, format="PNG", optimize=True)
    display(Image(small.getvalue(), alt=caption(figure)))


def caption(figure: Figure) -> str:
    """A figure in words, for who cannot see it: its title, or the titles of its panels and its axes' labels."""
    panels = [text for axes in figure.axes for text in (axes.get_title("left"), axes.get_title(), axes.get_ylabel())]
    return figure.get_suptitle() or ", ".join(dict.fromkeys(filter(None, panels))) or "images"


def source(*functions: Callable[..., Any]) -> None:
    """Display the code of functions or methods: the lines that compute, without docstrings and argument checks."""
    from IPython.display import Markdown, display

    parts = [f"# {f.__module__}: {f.__qualname__}\n{lines_that_compute(inspect.getsource(f))}" for f in functions]
    display(Markdown("```python\n" + "\n\n".join(parts) + "\n```"))


def lines_that_compute(code: str) -> str:
    """The code of one function without its docstring, and without the `if`s that do nothing but raise."""
    code = textwrap.dedent(code)
    (function,) = ast.parse(code).body
    dropped = set()
    for node in ast.walk(function):
        body = getattr(node, "body", None)
        if isinstance(node, ast.If) and all(isinstance(inner, ast.Raise) for inner in node.body) and not node.orelse:
            dropped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        elif isinstance(node, ast.FunctionDef) and isinstance(body, list) and ast.get_docstring(node) is not None:
            dropped.update(range(body[0].lineno, body[0].end_lineno + 1))
    lines = code.rstrip().split("\n")
    return "\n".join(line for number, line in enumerate(lines, 1) if number not in dropped)


def compare(ours: Mapping[str, ArrayLike], theirs: Mapping[str, Any]) -> None:
    """Print the largest difference of each pair of arrays.

    Args:
        ours: name -> array.
        theirs: the same names -> array or tensor of the same shape, with or without gradient.

    Raises:
        ValueError: other names, or a shape that differs.
    """
    if ours.keys() != theirs.keys():
        raise ValueError(f"compare expected the same names twice, got {list(ours)} and {list(theirs)}")
    width = max(map(len, ours))
    print(f"{'':{width}}  {'shape':18} {'largest entry':>14} {'largest difference':>19}")
    for name, array in ours.items():
        a = np.asarray(array)
        b = theirs[name]
        b = b.detach().numpy() if hasattr(b, "detach") else np.asarray(b)
        if a.shape != b.shape:
            raise ValueError(f"compare: {name} is {a.shape} on one side and {b.shape} on the other")
        print(f"{name:{width}}  {a.shape!s:18} {np.abs(a).max():14.3g} {np.abs(a - b).max():19.1e}")
