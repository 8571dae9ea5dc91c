"""Functions of a module replaced: by disguised ones, or by ones that tell which disguises have a chance."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from typing import Any

from rungs.checking.calls import Call
from rungs.checking.disguises import DISGUISES, state

_depth = 0


def _wrap(module: dict[str, Any], name: str, make: Callable[[Callable], Callable]) -> None:
    """Replace a function or method ("Layer.forward") of a module by what `make` makes of it."""
    owner, _, attribute = name.rpartition(".")
    if owner:
        function = vars(module[owner])[attribute]
        if inspect.isfunction(function):
            setattr(module[owner], attribute, make(function))
    elif inspect.isfunction(module.get(attribute)):
        module[attribute] = make(module[attribute])


def _around(function: Callable, text: str, handle: Callable[[Call], Any]) -> Callable:
    """The function with `handle` around the checker's own calls."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        global _depth
        if _depth:
            return function(*args, **kwargs)
        _depth += 1
        try:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            return handle(Call(function, bound, text))
        finally:
            _depth -= 1

    return wrapped


def disguise(module: dict[str, Any], kind: str, name: str, detail: str) -> None:
    """Put a disguise on one function of a module; what a disguised solution's source ends with."""
    text = _text(module, name)
    act = DISGUISES[kind].act
    _wrap(module, name, lambda function: _around(function, text, lambda call: act(call, detail)))


def spy(module: dict[str, Any], names: list[str], found: Callable[[str, str, str], None], calls: int = 12) -> None:
    """Tell for every function which disguises its first calls give a chance to: found(kind, name, detail)."""
    for name in names:
        text, left = _text(module, name), [calls]

        def handle(call: Call, name=name, left=left) -> Any:
            if left[0] == 0:
                return call.run()
            left[0] -= 1
            before = state(call)
            try:
                fresh = Call(call.function, copy.deepcopy(call.bound), call.text)
            except Exception:
                fresh = Call(call.function, call.bound, call.text)
            result = call.run()
            for kind, one in DISGUISES.items():
                source = call if kind in ("alias", "rebound", "replaced") else fresh
                for detail in one.chances(source, result, before):
                    found(kind, name, detail)
            return result

        _wrap(module, name, lambda function, text=text, handle=handle: _around(function, text, handle))


def _text(module: dict[str, Any], name: str) -> str:
    owner, _, attribute = name.rpartition(".")
    target = vars(module[owner]).get(attribute) if owner else module.get(attribute)
    return (inspect.getdoc(target) or "") + "\n" + ((inspect.getdoc(module[owner]) or "") if owner else "")
