"""What a check relies on, kept from before the learner's file is loaded: an answer that replaces `np.all` does not pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Guard:
    """Remembers what modules and classes hold, and puts it back.

    It guards against an accident, such as `np.abs = my_abs` left over from an experiment, not against malice.
    """

    def __init__(self, owners: Iterable[Any]) -> None:
        self._kept = [(owner, dict(vars(owner))) for owner in owners]

    def restore(self) -> list[str]:
        """Put back whatever has been replaced or deleted since. Returns: its names ("numpy.all")"""
        replaced = []
        for owner, kept in self._kept:
            now = vars(owner)
            for name, value in kept.items():
                if name not in now or now[name] is not value:
                    setattr(owner, name, value)
                    replaced.append(f"{owner.__name__}.{name}")
        return replaced
