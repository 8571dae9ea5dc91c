"""A single layer against central differences, which need no other library, and against the torch operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from utils.ladder import LayerCase
from utils.parity.compare import compare, compare_all, unchanged
from utils.parity.finding import Finding, failed

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


def layer_gradients(layer: Any, inputs: tuple[np.ndarray, ...], dy: Any) -> tuple[Any, dict[int, np.ndarray]]:
    """Forward, then backward from `dy`: the output, and the gradients of the inputs by position.

    `backward` may return one array, for the first input, or a tuple for all floating inputs, with None for constants.
    """
    y = layer.forward(*inputs)
    dx = layer.backward(dy)
    floating = [i for i, x in enumerate(inputs) if np.issubdtype(x.dtype, np.floating)]
    given = dx if isinstance(dx, tuple) else (dx,)
    return y, {i: np.asarray(d) for i, d in zip(floating, given, strict=False) if d is not None}


def check_layer(layer: Any, inputs: tuple[np.ndarray, ...], rng: np.random.Generator) -> list[Finding]:
    """Every gradient of a NumPy layer against central differences, with a random upstream gradient.

    Checks besides that `backward` accumulates, and that inputs and upstream gradient stay unchanged.
    """
    y = np.array(layer.forward(*inputs))
    dy = rng.standard_normal(y.shape)
    held = {f"{i}": x.copy() for i, x in enumerate(inputs)} | {"dy": dy.copy()}
    for grad in layer.grads.values():
        grad[...] = 0
    _, input_grads = layer_gradients(layer, inputs, dy if y.ndim else float(dy))
    grads = {name: grad.copy() for name, grad in layer.grads.items()}
    findings = unchanged(held, {f"{i}": x for i, x in enumerate(inputs)} | {"dy": dy}, "input")

    # Rounding in the loss, divided by the step, is the floor of what central differences can show.
    floor = 1e-9 * max(1.0, float(np.sum(np.abs(y * dy))))

    def loss() -> float:
        return float(np.sum(layer.forward(*inputs) * dy))

    def against_numeric(what: str, array: np.ndarray, gradient: np.ndarray) -> Finding:
        if gradient.shape != array.shape:
            return failed(what, f"shape {gradient.shape}, expected {array.shape}")
        indices, slopes = numeric_gradient(loss, array, rng)
        return compare(what, gradient.reshape(-1)[indices], slopes, rtol=1e-6, atol=floor)

    if not input_grads and not grads:
        findings.append(failed("gradients", "backward gave none"))
    for name, gradient in reversed(grads.items()):
        findings.append(against_numeric(f"gradient {name}", layer.params[name], gradient))
    for position, gradient in input_grads.items():
        findings.append(against_numeric(f"input gradient {position}", inputs[position], gradient))

    layer_gradients(layer, inputs, dy if y.ndim else float(dy))
    doubled = {name: 2 * gradient for name, gradient in grads.items()}
    findings += compare_all("accumulated gradient", dict(layer.grads), doubled)
    return findings


def compare_with_torch(
    layer: Any, inputs: tuple[np.ndarray, ...], rng: np.random.Generator, case: LayerCase
) -> list[Finding]:
    """Output, parameter and input gradients against the torch operation, from a random upstream gradient."""
    import torch

    dy = rng.standard_normal(np.shape(layer.forward(*inputs)))
    for grad in layer.grads.values():
        grad[...] = 0
    y, input_grads = layer_gradients(layer, inputs, dy if dy.ndim else float(dy))
    params = {name: torch.tensor(value, requires_grad=True) for name, value in layer.params.items()}
    tensors = [torch.tensor(x) for x in inputs]
    for position in input_grads:
        tensors[position].requires_grad_(True)
    want = case.torch_op(params, *tensors)
    if want.requires_grad:
        want.backward(torch.tensor(dy, dtype=want.dtype))
    lax = not case.smooth  # at extremes, a gradient may well be zero everywhere
    findings = [compare("output", y, want.detach().numpy(), may_be_zero=lax)]
    for kind, ours, theirs in (
        *((f"gradient {name}", layer.grads[name], p.grad) for name, p in reversed(params.items())),
        *((f"input gradient {i}", gradient, tensors[i].grad) for i, gradient in input_grads.items()),
    ):
        if theirs is None:
            findings.append(failed(kind, "torch gives none: the operation compared to does not depend on it"))
        else:
            findings.append(compare(kind, ours, theirs.numpy(), may_be_zero=lax))
    return findings
