"""The hints are right: what is code in them is code, and their formulas hold in the solution.

A formula in words ("n k alpha") stands once more in exercise.toml, as code: a `Claim`. The words must be found in the hint
and, but for blanks, `*` and `^`, in the code; the code must hold in the solution whenever the function returns.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from typing import Any

import numpy as np

from rungs.catalogue.exercise import Claim, Exercise
from rungs.checking.arrays import is_array
from rungs.checking.calls import shapes
from rungs.checking.checker import run_source
from rungs.checking.values import as_array

CODE = re.compile(r"`([^`\n]+)`")


def hints(exercise: Exercise) -> list[str]:
    """Every breach in the hints' code and formulas."""
    breaches = []
    for number, text in enumerate(exercise.hints, 1):
        breaches += [f"hint {number}: `{code}` is no Python" for code in CODE.findall(text) if not _is_code(code)]
    for claim in exercise.claims:
        if not 1 <= claim.hint <= 3 or claim.says not in exercise.hints[claim.hint - 1]:
            breaches.append(f"hint {claim.hint} does not say {claim.says!r}")
        if _bare(claim.says) not in _bare(claim.holds):
            breaches.append(f"the claim {claim.holds!r} does not contain what the hint says, {claim.says!r}")
    return breaches + (_untrue(exercise) if exercise.claims else [])


def _is_code(text: str) -> bool:
    """Whether it is Python, the rest of an expression (`.to(dtype)`), an argument (`axis=1`), or a command."""
    if text.startswith("rungs "):
        return True
    for form in ("{}", "x{}", "f({})", "x {} 1", "try: pass\n{}: pass"):
        try:
            ast.parse(form.format(text))
        except SyntaxError:
            continue
        return True
    return False


def _bare(text: str) -> str:
    return re.sub(r"[\s*^]+", "", text)


def _untrue(exercise: Exercise) -> list[str]:
    """Runs the solution through its check, and evaluates each claim whenever its function returns."""
    path = exercise.path / "solution.py"
    functions = {claim.function for claim in exercise.claims}
    outcomes: list[list[str]] = [[] for _ in exercise.claims]
    raised: list[Any] = []  # frames; their functions return None where the error goes on

    def trace(frame, event, _):
        if frame.f_code.co_filename != str(path) or frame.f_code.co_qualname not in functions:
            return None
        frame.f_trace_lines = False
        return at_return

    def at_return(frame, event, result):
        if event == "exception":
            raised.append(frame)
        elif event == "return" and (result is not None or frame not in raised):
            sys.settrace(None)
            for claim, found in zip(exercise.claims, outcomes, strict=True):
                if claim.function == frame.f_code.co_qualname and len(found) < 20:
                    found.append(_evaluate(claim, frame, result))
            sys.settrace(trace)
        return at_return

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run_source(exercise, exercise.solution, path, explain=False)
    finally:
        sys.settrace(before)
    breaches = []
    for claim, found in zip(exercise.claims, outcomes, strict=True):
        if not found:
            breaches.append(f"the claim {claim.holds!r} was not tried: does the checker call {claim.function}?")
        elif wrong := next(filter(None, found), ""):
            breaches.append(f"the claim {claim.holds!r} does not hold: {wrong}")
    return breaches


def _evaluate(claim: Claim, frame: Any, result: Any) -> str:
    """What is wrong with the claim at the end of a call; "" if it holds."""
    scope = {"sqrt": np.sqrt, "exp": np.exp, **frame.f_globals, **_axes(frame), **frame.f_locals, "result": result}
    try:
        tree = ast.parse(claim.holds, mode="eval").body
        if not isinstance(tree, ast.Compare) or not isinstance(tree.ops[0], ast.Eq):
            return "it must be an equation, left == right"
        left, right = (
            as_array(eval(compile(ast.Expression(side), claim.holds, "eval"), scope))
            for side in (tree.left, tree.comparators[0])
        )
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    precision = 1e-3 if np.float32 in (left.dtype, right.dtype) else 1e-7
    same = left.shape == right.shape and np.allclose(left, right, rtol=precision, atol=1e-3 * precision)
    return "" if same else f"{left.ravel()[:3]} is not {right.ravel()[:3]}"


def _axes(frame: Any) -> dict[str, int]:
    """The sizes of the arguments' axes, under the names that the docstrings of the file give them."""
    found = {}
    for function in filter(inspect.isfunction, frame.f_globals.values()):
        for name, axes in shapes(inspect.getdoc(function) or "").items():
            value = frame.f_locals.get(name)
            if is_array(value) and value.ndim == len(axes):
                found |= {axis: size for axis, size in zip(axes, value.shape, strict=True) if axis.isidentifier()}
    return found
