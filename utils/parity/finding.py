"""A finding: one comparison and what came of it. It depends on nothing, so that a ladder can speak of findings too."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["equal", "failed", "not written"]


@dataclass(frozen=True)
class Finding:
    """One comparison: what was compared, with what, by how much it differs, and what to make of it."""

    what: str  # "gradient c3.weight"
    status: Status
    difference: float = 0.0  # largest absolute difference; nan where there is none to state
    message: str = ""  # why it failed
    subject: str = ""  # "numpy against paper, training mode, seed 0"
    proof: str = ""  # one of utils.parity.report.PROOFS

    @property
    def ok(self) -> bool:
        return self.status == "equal"

    def asdict(self) -> dict[str, Any]:
        return asdict(self)


def passed(what: str, difference: float = 0.0) -> Finding:
    return Finding(what, "equal", difference)


def failed(what: str, message: str, difference: float = float("nan")) -> Finding:
    return Finding(what, "failed", difference, message)
