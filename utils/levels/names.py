"""One table between our names of parameters and those of another library: renamed, packed, transposed, tied.

    NameTable({
        "wte.weight": "embedding.weight",
        "c_attn.weight": pack("q.weight", "k.weight", "v.weight", transpose=True),
    }, ties={"lm_head.weight": "embedding.weight"})

A reference in the proofs and a loader of checkpoints use the same table. It works on arrays, so gradients and the state of
an optimizer go through it too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from utils.ladder import Params


@dataclass(frozen=True)
class Packed:
    """One array of theirs that holds several of ours one after another along `axis`, then perhaps transposed."""

    ours: tuple[str, ...]
    axis: int = 0
    transpose: bool = False
    sizes: tuple[int, ...] = ()  # of ours along the axis; equal shares when empty

    def join(self, parts: list[np.ndarray]) -> np.ndarray:
        whole = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=self.axis)
        return np.array(whole.T if self.transpose else whole, order="C")

    def split(self, whole: np.ndarray) -> list[np.ndarray]:
        if whole.ndim == 0:  # a counter of an optimizer counts for each
            return [whole.copy() for _ in self.ours]
        whole = whole.T if self.transpose else whole
        cuts = np.cumsum(self.sizes)[:-1] if self.sizes else len(self.ours)
        return [np.array(part, order="C") for part in np.split(whole, cuts, axis=self.axis)]


def pack(*ours: str, axis: int = 0, transpose: bool = False, sizes: tuple[int, ...] = ()) -> Packed:
    """Their array holds ours one after another along `axis` (of our layout), and is transposed then."""
    return Packed(ours, axis, transpose, sizes)


def transposed(ours: str) -> Packed:
    """Their array is ours transposed: a linear layer whose weight is (in, out)."""
    return Packed((ours,), transpose=True)


class NameTable:
    """Their name -> our name, or several of ours in one array.

    Args:
        table: each name of theirs and each of ours, once.
        ties: their names that repeat one of our parameters: filled on the way there, equal or absent on the way back.
        constants: their name -> the value that it must have; ours have no such parameter.

    Raises:
        ValueError: two entries of the table name the same parameter of ours.
    """

    def __init__(
        self,
        table: Mapping[str, str | Packed],
        *,
        ties: Mapping[str, str] | None = None,
        constants: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.table = {theirs: Packed((e,)) if isinstance(e, str) else e for theirs, e in table.items()}
        self.ties, self.constants = dict(ties or {}), dict(constants or {})
        names = [name for entry in self.table.values() for name in entry.ours]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"the name table maps {', '.join(twice)} twice")

    def ours_in(self, theirs: str) -> tuple[str, ...]:
        """Our names in an array of theirs; none for a tied copy or a constant."""
        return self.table[theirs].ours if theirs in self.table else ()

    def to_theirs(self, params: Mapping[str, np.ndarray], *, partial: bool = False) -> Params:
        """Our parameters under their names, tied copies and constants too.

        Args:
            partial: as far as `params` go, and nothing of theirs besides: for the state of an optimizer.

        Raises:
            ValueError: a parameter is missing, or in no entry of the table; all of them are named.
        """
        names = [name for entry in self.table.values() for name in entry.ours]
        if not partial and (wrong := sorted({*names} ^ {*params})):
            raise ValueError(f"the name table does not fit the parameters: {_listed(wrong)}")
        found = {
            theirs: entry.join([np.asarray(params[name]) for name in entry.ours])
            for theirs, entry in self.table.items()
            if all(name in params for name in entry.ours)
        }
        if partial:
            return found
        dtype = next((p.dtype for p in params.values() if np.issubdtype(p.dtype, np.floating)), np.dtype(np.float64))
        found |= {theirs: np.array(params[ours]) for theirs, ours in self.ties.items()}
        for theirs, value in self.constants.items():
            found[theirs] = value.astype(dtype) if np.issubdtype(value.dtype, np.floating) else value.copy()
        return found

    def to_ours(
        self,
        arrays: Mapping[str, np.ndarray],
        *,
        partial: bool = False,
        shapes: Mapping[str, tuple[int, ...]] | None = None,
        error: Callable[[str], Exception] = ValueError,
    ) -> Params:
        """Their arrays under our names, each of theirs used once.

        Args:
            partial: as far as `arrays` go; for gradients and the state of an optimizer.
            shapes: of our parameters; the result must have them.
            error: what is raised.

        Raises:
            ValueError: a name is missing or not used, a shape is wrong, a tied copy differs from what it repeats, or a
                constant has another value; the message has the names. `error` in its place, where given.
        """
        if not partial:
            self._refuse_names(arrays, error)
        found: Params = {}
        for theirs, entry in self.table.items():
            if theirs in arrays:
                found.update(zip(entry.ours, entry.split(np.asarray(arrays[theirs])), strict=True))
        for name, shape in (shapes or {}).items():
            if found[name].shape != tuple(shape):
                raise error(f"{name} has shape {found[name].shape} there, expected {tuple(shape)}")
        if not partial:
            self._refuse_values(arrays, found, error)
        return found

    def _refuse_names(self, arrays: Mapping[str, np.ndarray], error: Callable[[str], Exception]) -> None:
        missing = [name for name in self.table if name not in arrays]
        unused = sorted(arrays.keys() - {*self.table, *self.ties, *self.constants})
        if missing or unused:
            raise error(f"the names do not fit: missing {_listed(missing)}, not used {_listed(unused)}")

    def _refuse_values(
        self, arrays: Mapping[str, np.ndarray], found: Params, error: Callable[[str], Exception]
    ) -> None:
        for theirs, ours in self.ties.items():
            if theirs in arrays and not np.array_equal(arrays[theirs], found[ours]):
                raise error(f"{theirs} is a parameter of its own; here it is the same as {ours}")
        for theirs, value in self.constants.items():
            got = arrays.get(theirs, value)
            if got.shape != value.shape or not np.allclose(got, value, rtol=1e-5, atol=1e-6):
                raise error(f"{theirs} is not the constant that the model has in its place")


def _listed(names: list[str], most: int = 5) -> str:
    shown = ", ".join(names[:most]) or "none"
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
