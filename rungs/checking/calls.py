"""A checker's call of a solution's function, as it is seen from outside."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rungs.checking.arrays import arrays, is_floating


@dataclass
class Call:
    """A call of a function of the solution, by the checker."""

    function: Callable
    bound: inspect.BoundArguments
    text: str  # the function's docstring and its class's

    def run(self) -> Any:
        return self.function(*self.bound.args, **self.bound.kwargs)

    def again(self, change: Callable[[str, Any], Any]) -> Any:
        """The result of the same call with copies of the arguments, each through `change(name, value)`.

        Raises what the call raises, and what NumPy would only warn of.
        """
        bound = copy.deepcopy(self.bound)
        for name, value in bound.arguments.items():
            bound.arguments[name] = change(name, value)
        with np.errstate(all="raise", under="ignore"):
            return self.function(*bound.args, **bound.kwargs)

    @property
    def given(self) -> dict[str, Any]:
        """The arguments, without self."""
        return {name: value for name, value in self.bound.arguments.items() if name != "self"}

    @property
    def own(self) -> dict[str, Any]:
        """The attributes of self."""
        return vars(self.bound.arguments["self"]) if "self" in self.bound.arguments else {}

    def arrays(self) -> list[Any]:
        return list(arrays(self.given))


def possible(call: Call, change: Callable[[str, Any], Any]) -> Any:
    """The result of the changed call; None where the solution does not take it, or what comes is not finite."""
    try:
        result = call.again(change)
        return result if all(np.isfinite(as_np(a)).all() for a in arrays(result) if is_floating(a)) else None
    except Exception:
        return None


def as_np(value: Any) -> np.ndarray:
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


SHAPES = re.compile(r"((?:\w+, )*\w+): (?:[a-z]+ )?(any shape|\([^()]*\))")


def shapes(text: str) -> dict[str, list[str]]:
    """Argument -> its axes, as a docstring tells them: "x, y: (..., n, d). w: (d,)"."""
    found = {}
    for names, axes in SHAPES.findall(text.split("Returns")[0]):
        listed = ["..."] if axes == "any shape" else [a.strip() for a in axes.strip("()").split(",") if a.strip()]
        found |= dict.fromkeys(names.split(", "), listed)
    return found
