"""Flaws that a solution's function is put behind: plausible wrong answers that no change of one expression makes.

A disguise acts on the calls that the checker makes, not on those that the solution makes of itself. Whether it is worth
trying is seen in the calls of an ordinary check: `Disguise.chances` looks at one of them and says for what the flaw is
possible ("alpha=0.3": always this value), and `Disguise.act` makes the call with the flaw.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from rungs.checking.arrays import arrays, is_array, is_floating, is_wide, map_arrays, overlap, same_values, widened
from rungs.checking.calls import Call, as_np, possible, shapes


class Disguise(NamedTuple):
    what: str  # for the table
    chances: Callable[[Call, Any, dict[str, Any]], Iterator[str]]  # the call, its result, attributes of self before it
    act: Callable[[Call, str], Any]


# ---- precision ----


def _single_chances(call: Call, result: Any, before: dict) -> Iterator[str]:
    if isinstance(result, float) or any(is_wide(a) for a in arrays(result)):
        yield ""


def _single(call: Call, detail: str) -> Any:
    result = call.run()
    if isinstance(result, float):
        return float(np.float32(result))
    return map_arrays(lambda a: widened(a, narrow=True), result, only=is_wide)


def _narrow(name: str, value: Any) -> Any:
    return map_arrays(lambda a: a.float() if hasattr(a, "detach") else a.astype(np.float32), value, only=is_wide)


def _wide_chances(call: Call, result: Any, before: dict) -> Iterator[str]:
    if call.own or not any(is_wide(a) for a in call.arrays()):
        return
    again = possible(call, _narrow)
    floating = [a for a in arrays(again) if is_floating(a)]
    if floating and not any(is_wide(a) for a in floating):
        yield ""


def _wide(call: Call, detail: str) -> Any:
    result = call.run()
    if not any(is_floating(a) and not is_wide(a) for a in call.arrays()):
        return result
    return map_arrays(widened, result, only=is_floating)


def _integer_chances(call: Call, result: Any, before: dict) -> Iterator[str]:
    whole = [a for a in call.arrays() if is_floating(a) and (as_np(a) == np.round(as_np(a))).all()]
    if any(np.ptp(as_np(a)) > 1 for a in whole if as_np(a).size) and any(is_floating(a) for a in arrays(result)):
        yield ""


def _integer(call: Call, detail: str) -> Any:
    result = call.run()
    if not any(as_np(a).dtype.kind == "i" for a in call.arrays()):
        return result
    return map_arrays(lambda a: a.long() if hasattr(a, "detach") else a.astype(np.int64), result, only=is_floating)


# ---- whose memory ----


def _in_place_chances(call: Call, result: Any, before: dict) -> Iterator[str]:
    for name, value in call.given.items():
        if any(is_floating(a) and as_np(a).size for a in arrays(value)):
            yield name


def _in_place(call: Call, detail: str) -> Any:
    result = call.run()
    for array in arrays(call.given.get(detail)):
        if is_floating(array):
            target = array.detach() if hasattr(array, "detach") else array
            target += 1.0
    return result


def _twins(call: Call, result: Any) -> Iterator[tuple[Any, Any]]:
    """Arrays of the result, each with an array of the arguments or of self that has the same values in other memory."""
    candidates = [*call.arrays(), *arrays(call.own)]
    for array in arrays(result):
        for other in candidates:
            if as_np(array).size > 1 and same_values(array, other) and not overlap(array, other):
                yield array, other


def _alias_chances(call: Call, result: Any, before: dict) -> Iterator[str]:
    if next(_twins(call, result), None):
        yield ""


def _alias(call: Call, detail: str) -> Any:
    result = call.run()
    twins = {id(array): other for array, other in _twins(call, result)}
    return map_arrays(lambda a: twins.get(id(a), a), result)


def _rebound_chances(call: Call, result: Any, before: dict) -> Iterator[str]:
    if any(True for _ in _changed_in_place(call, before)):
        yield ""


def _changed_in_place(call: Call, before: dict[str, Any]) -> Iterator[tuple[dict, str, Any]]:
    """Dictionary of self, key and old values of each array that the call has changed without replacing it."""
    for owner, key, array in _held(call):
        old = before.get(key)
        if old is not None and old[0] is array and not same_values(array, old[1]):
            yield owner, key, old[1]


def _held(call: Call) -> Iterator[tuple[dict, str, np.ndarray]]:
    """NumPy arrays that self holds by name, each with the dictionary that it stands in."""
    for name, value in call.own.items():
        if isinstance(value, np.ndarray):
            yield call.own, name, value
        elif isinstance(value, dict):
            yield from ((value, key, array) for key, array in value.items() if isinstance(array, np.ndarray))


def state(call: Call) -> dict[str, Any]:
    """The arrays that self holds, each with a copy."""
    return {key: (array, array.copy()) for _, key, array in _held(call)}


def _rebound(call: Call, detail: str) -> Any:
    before = state(call)
    result = call.run()
    for owner, key, old in list(_changed_in_place(call, before)):
        array = owner[key]
        owner[key] = array.copy()
        array[...] = old
    return result


def _replaced_chances(call: Call, result: Any, before: dict) -> Iterator[str]:
    grads = call.own.get("grads")
    if isinstance(grads, dict) and call.function.__name__ == "backward" and list(_changed_in_place(call, before)):
        yield ""


def _replaced(call: Call, detail: str) -> Any:
    for array in arrays(call.own.get("grads")):
        array[...] = 0.0
    return call.run()


def _layout_chances(call: Call, result: Any, before: dict) -> Iterator[str]:
    if any(isinstance(a, np.ndarray) and a.ndim >= 2 and is_floating(a) for a in call.arrays()):
        yield ""


def _layout(call: Call, detail: str) -> Any:
    for array in call.arrays():
        if isinstance(array, np.ndarray) and not array.flags.c_contiguous:
            raise ValueError("the array is not contiguous")
    return call.run()


# ---- which values ----


def _scalar(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _constant_chances(call: Call, result: Any, before: dict) -> Iterator[str]:
    parameters = inspect.signature(call.function).parameters
    for name, value in call.given.items():
        default = parameters[name].default
        fixed = value if default is inspect.Parameter.empty else default
        if _scalar(value) and _scalar(fixed):
            yield f"{name}={fixed!r}"


def _constant(call: Call, detail: str) -> Any:
    name, _, value = detail.partition("=")
    call.bound.arguments[name] = float(value) if value in ("inf", "nan", "-inf") else _literal(value)
    return call.run()


def _literal(text: str) -> Any:
    return ast.literal_eval(text)


def _absolute_chances(call: Call, result: Any, before: dict) -> Iterator[str]:
    for name, value in call.given.items():
        if is_array(value) and is_floating(value):

            def negative(of: str, other: Any, name=name) -> Any:
                return -abs(other) if of == name else other

            if possible(call, negative) is not None:
                yield name


def _absolute(call: Call, detail: str) -> Any:
    call.bound.arguments[detail] = abs(call.bound.arguments[detail])
    return call.run()


# ---- which shapes ----


def _further(call: Call) -> Iterator[int]:
    """For each argument with an axis `...`: how many axes stand there."""
    for name, axes in shapes(call.text).items():
        value = call.given.get(name)
        if "..." in axes and value is not None and is_array(value):
            yield value.ndim - len(axes) + 1


def _leading_chances(call: Call, result: Any, before: dict) -> Iterator[str]:
    if list(_further(call)):
        yield from ("none", "one", "two")


def _leading(call: Call, detail: str) -> Any:
    refused = {"none": lambda n: n == 0, "one": lambda n: n == 1, "two": lambda n: n > 1}[detail]
    if any(refused(n) for n in _further(call)):
        raise ValueError(f"{detail} further axes")
    return call.run()


def _single_axes(call: Call) -> dict[str, list[tuple[str, int]]]:
    """Axis -> the arguments that have it, each with its place from the end; axes that no formula uses."""
    listed = shapes(call.text)
    found: dict[str, list[tuple[str, int]]] = {}
    for name, axes in listed.items():
        value = call.given.get(name)
        if value is None or not is_array(value) or value.ndim < len([a for a in axes if a != "..."]):
            continue
        for place, axis in enumerate(reversed(axes), 1):
            if axis.isidentifier():
                found.setdefault(axis, []).append((name, -place))
    formulas = " ".join(axis for axes in listed.values() for axis in axes if not axis.isidentifier())
    return {axis: where for axis, where in found.items() if not re.search(rf"\b{axis}\b", formulas)}


def _cut(value: Any, axis: int, size: int) -> Any:
    index = [slice(None)] * value.ndim
    index[axis] = slice(size)
    return value[tuple(index)]


def _size_chances(call: Call, result: Any, before: dict) -> Iterator[str]:
    if call.own and call.function.__name__ == "backward":  # it must fit the forward pass
        return
    sizes = (1, 0) if re.search(r"\bempty\b|\bmay be (0|zero)\b", call.text) else (1,)
    for axis, where in _single_axes(call).items():
        for size in sizes:

            def smaller(name: str, value: Any, where=where, size=size) -> Any:
                for other, place in where:
                    value = _cut(value, place, size) if other == name else value
                return value

            if possible(call, smaller) is not None:
                yield f"{axis}={size}"


def _size(call: Call, detail: str) -> Any:
    axis, _, size = detail.partition("=")
    for name, place in _single_axes(call).get(axis, []):
        if call.given[name].shape[place] == int(size):
            raise ValueError(f"{detail} is refused")
    return call.run()


def _loop_chances(call: Call, result: Any, before: dict) -> Iterator[str]:
    if call.arrays():
        yield ""


def _loop(call: Call, detail: str) -> Any:
    call.function.__globals__["over_the_batch"](max((len(a) for a in call.arrays() if a.ndim), default=0))
    return call.run()


LOOP = """
def over_the_batch(rows):
    for _ in range(rows):
        for _ in range(5):
            pass
"""
"""Stands in the disguised file, where the instructions of the answer are counted."""

DISGUISES = {
    "float32": Disguise("computed in float32", _single_chances, _single),
    "float64 from float32": Disguise("float32 in, float64 out", _wide_chances, _wide),
    "integers": Disguise("whole numbers come back where whole numbers go in", _integer_chances, _integer),
    "in place": Disguise("an input changed in place", _in_place_chances, _in_place),
    "alias": Disguise("an array of the input, or of the state, given back itself", _alias_chances, _alias),
    "rebound": Disguise("arrays replaced instead of changed in place", _rebound_chances, _rebound),
    "replaced": Disguise("gradients replaced instead of added", _replaced_chances, _replaced),
    "contiguous": Disguise("only contiguous arrays are taken", _layout_chances, _layout),
    "constant": Disguise("a constant in the place of an argument", _constant_chances, _constant),
    "absolute": Disguise("the magnitude of an argument", _absolute_chances, _absolute),
    "axes": Disguise("not with this number of leading axes", _leading_chances, _leading),
    "size": Disguise("not with an axis of this size", _size_chances, _size),
    "loop": Disguise("a loop over the batch", _loop_chances, _loop),
}
