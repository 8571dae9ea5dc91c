"""A single layer against central differences, which need no other library, against the torch operation, and against what
every layer promises: wrong shapes are refused, float32 stays float32.

Layers may return tuples, nested ones too, and take them: outputs and gradients are compared part by part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from utils.ladder import LayerCase, Load
from utils.levels.arrays import flatten, rebuild
from utils.parity.compare import compare, compare_all, unchanged
from utils.parity.finding import Finding, failed, passed
from utils.parity.tolerances import GRADIENT_RTOL

STEP = 1e-6


def numeric_gradient(
    f: Callable[[], float], array: np.ndarray, rng: np.random.Generator, *, entries: int = 120
) -> tuple[np.ndarray, np.ndarray]:
    """d f / d array by central differences, where `f` reads `array`, which is perturbed and restored.

    Returns:
        Flat indices, all of them or `entries` drawn without replacement, and the derivative at each.
    """
    flat = array.reshape(-1)
    assert np.shares_memory(flat, array), "a non-contiguous array cannot be perturbed in place"
    indices = np.arange(flat.size) if flat.size <= entries else np.sort(rng.choice(flat.size, entries, replace=False))
    slopes = np.empty(len(indices))
    for i, index in enumerate(indices):
        value = flat[index]
        flat[index] = value + STEP
        above = f()
        flat[index] = value - STEP
        below = f()
        flat[index] = value
        slopes[i] = (above - below) / (2 * STEP)
    return indices, slopes


def random_like(y: Any, rng: np.random.Generator) -> Any:
    """An upstream gradient for an output: as it is nested, a number for a number."""
    parts = [rng.standard_normal(np.shape(part)) for part in flatten(y)]
    return rebuild(y, iter([part if part.ndim else float(part) for part in parts]))


def layer_gradients(layer: Any, inputs: tuple[Any, ...], dy: Any) -> tuple[Any, dict[int, np.ndarray]]:
    """Forward, then backward from `dy`: the output, and the gradients of the inputs by position among their parts.

    `backward` may return one array, for the first input, or a tuple for all floating inputs, with None for constants.
    """
    y = layer.forward(*inputs)
    dx = flatten(layer.backward(dy))
    floating = [i for i, x in enumerate(flatten(inputs)) if np.issubdtype(x.dtype, np.floating)]
    return y, {i: np.asarray(d) for i, d in zip(floating, dx, strict=False) if d is not None}


def check_layer(layer: Any, inputs: tuple[Any, ...], rng: np.random.Generator) -> list[Finding]:
    """Every gradient of a NumPy layer against central differences, with a random upstream gradient.

    Checks besides that `backward` accumulates, and that inputs and upstream gradient stay unchanged.
    """
    y = [np.array(part) for part in flatten(layer.forward(*inputs))]
    dy = random_like(layer.forward(*inputs), rng)
    weights = [np.array(part) for part in flatten(dy)]
    passed_in = {str(i): x for i, x in enumerate(flatten(inputs))} | _numbered("dy", flatten(dy))
    held = {name: np.array(value) for name, value in passed_in.items()}
    for grad in layer.grads.values():
        grad[...] = 0
    _, input_grads = layer_gradients(layer, inputs, dy)
    grads = {name: grad.copy() for name, grad in layer.grads.items()}
    findings = unchanged(held, {name: np.asarray(value) for name, value in passed_in.items()}, "input")

    # Rounding in the loss, divided by the step, is the floor of what central differences can show.
    floor = 1e-9 * max(1.0, float(sum(np.sum(np.abs(a * w)) for a, w in zip(y, weights, strict=True))))

    def loss() -> float:
        return float(sum(np.sum(a * w) for a, w in zip(flatten(layer.forward(*inputs)), weights, strict=True)))

    def against_numeric(what: str, array: np.ndarray, gradient: np.ndarray) -> Finding:
        if gradient.shape != array.shape:
            return failed(what, f"shape {gradient.shape}, expected {array.shape}")
        indices, slopes = numeric_gradient(loss, array, rng)
        return compare(what, gradient.reshape(-1)[indices], slopes, rtol=GRADIENT_RTOL, atol=floor)

    if not input_grads and not grads:
        findings.append(failed("gradients", "backward gave none"))
    for name, gradient in reversed(grads.items()):
        findings.append(against_numeric(f"gradient {name}", layer.params[name], gradient))
    for position, gradient in input_grads.items():
        findings.append(against_numeric(f"input gradient {position}", flatten(inputs)[position], gradient))

    layer_gradients(layer, inputs, dy)
    doubled = {name: 2 * gradient for name, gradient in grads.items()}
    findings += compare_all("accumulated gradient", dict(layer.grads), doubled)
    return findings


def compare_with_torch(layer: Any, inputs: tuple[Any, ...], rng: np.random.Generator, case: LayerCase) -> list[Finding]:
    """Outputs, parameter and input gradients against the torch operation, from a random upstream gradient."""
    import torch

    dy = random_like(layer.forward(*inputs), rng)
    for grad in layer.grads.values():
        grad[...] = 0
    y, input_grads = layer_gradients(layer, inputs, dy)
    params = {name: torch.tensor(value, requires_grad=True) for name, value in layer.params.items()}
    tensors = [torch.tensor(x) for x in flatten(inputs)]
    for position in input_grads:
        tensors[position].requires_grad_(True)
    want = flatten(case.torch_op(params, *rebuild(inputs, iter(tensors))))
    ours = flatten(y)
    if len(ours) != len(want):
        return [failed("output", f"{len(ours)} arrays, the torch operation gives {len(want)}")]
    total = sum(
        (torch.tensor(w, dtype=t.dtype) * t).sum() for w, t in zip(flatten(dy), want, strict=True) if t.requires_grad
    )
    if isinstance(total, torch.Tensor):
        total.backward()
    lax = not case.smooth  # at extremes, a gradient may well be zero everywhere
    values = [t.detach().numpy() for t in want]
    outputs, expected = _numbered("output", ours), _numbered("output", values)
    findings = [compare(name, outputs[name], value, may_be_zero=lax) for name, value in expected.items()]
    for kind, ours_, theirs in (
        *((f"gradient {name}", layer.grads[name], p.grad) for name, p in reversed(params.items())),
        *((f"input gradient {i}", gradient, tensors[i].grad) for i, gradient in input_grads.items()),
    ):
        if theirs is None:
            findings.append(failed(kind, "torch gives none: the operation compared to does not depend on it"))
        else:
            findings.append(compare(kind, ours_, theirs.numpy(), may_be_zero=lax))
    return findings


def _numbered(name: str, parts: list[Any]) -> dict[str, Any]:
    """{"output": part}, or {"output 0": ..., "output 1": ...} where there are several."""
    return {name: parts[0]} if len(parts) == 1 else {f"{name} {i}": part for i, part in enumerate(parts)}


# ---- what every layer promises ----


def check_promises(case: LayerCase, load: Load, rng: np.random.Generator, *, learner: bool = False) -> list[Finding]:
    """Wrong shapes raise ValueError, in a sentence that has the shape; float32 stays float32 on the way and on the way back.

    Args:
        learner: the sentence is the learner's own; a ValueError is enough.
    """
    return [*_float32(case, load, rng), *_refusals(case, load, rng, learner=learner)]


def _float32(case: LayerCase, load: Load, rng: np.random.Generator) -> list[Finding]:
    layer, inputs = case.build(load, rng, np.float32)
    single = [x.astype(np.float32) if np.issubdtype(x.dtype, np.floating) else x for x in flatten(inputs)]
    inputs = rebuild(inputs, iter(single))
    with np.errstate(all="ignore"):  # the extremes of float64 are beyond float32
        y = layer.forward(*inputs)
        dy = [np.asarray(part, np.float32) if np.ndim(part) else float(part) for part in flatten(random_like(y, rng))]
        _, input_grads = layer_gradients(layer, inputs, rebuild(y, iter(dy)))
    found = _numbered("output", [part for part in flatten(y) if np.ndim(part)])  # a loss is a number
    found |= {f"gradient {name}": grad for name, grad in layer.grads.items()}
    found |= {f"input gradient {i}": gradient for i, gradient in input_grads.items()}
    return [
        failed(f"float32: {name}", "is float64, expected float32 from float32")
        if array.dtype == np.float64
        else passed(f"float32: {name}")
        for name, array in found.items()
    ]


def _refusals(case: LayerCase, load: Load, rng: np.random.Generator, *, learner: bool) -> list[Finding]:
    """Shapes that the torch operation refuses are refused by the layer."""
    import torch

    layer, inputs = case.build(load, rng, np.float64)
    params = {name: torch.tensor(value) for name, value in layer.params.items()}
    findings = []
    for what, wrong in _wrong_shapes(flatten(inputs)):
        given = rebuild(inputs, iter(wrong))
        try:
            case.torch_op(params, *rebuild(inputs, iter([torch.tensor(x) for x in wrong])))
        except (RuntimeError, ValueError, IndexError, TypeError):
            findings.append(_refused(f"refused: {what}", lambda given=given: layer.forward(*given), wrong, learner))
    return findings


def _wrong_shapes(inputs: list[np.ndarray]) -> Iterator[tuple[str, list[np.ndarray]]]:
    """One input made longer by one along each axis in turn, or without its first axis."""
    for i, x in enumerate(inputs):
        for axis in range(x.ndim):
            longer = np.concatenate([x, np.take(x, [0], axis=axis)], axis=axis)
            yield f"input {i} of shape {longer.shape}", [*inputs[:i], longer, *inputs[i + 1 :]]
        if x.ndim > 1:
            yield f"input {i} of shape {x[0].shape}", [*inputs[:i], x[0].copy(), *inputs[i + 1 :]]


def _refused(what: str, call: Callable[[], Any], inputs: list[np.ndarray], learner: bool) -> Finding:
    try:
        call()
    except ValueError as error:
        if learner or any(str(x.shape) in str(error) for x in inputs):
            return passed(what)
        return failed(what, f"the message should say what shape it got: {error}")
    except NotImplementedError:
        raise
    except Exception as error:
        return failed(what, f"raises {type(error).__name__} ({error}), expected a ValueError that says the shape")
    return failed(what, "is accepted; torch refuses it, and a ValueError should too")
