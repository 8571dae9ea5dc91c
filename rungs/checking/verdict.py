"""What a check found: a verdict, its parts, and the first failure of each; plain data, which passes as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Failure:
    """The first thing that went wrong in a part. Empty fields are not shown."""

    headline: str  # "ridge_gradient gives other numbers than expected"
    called: str = ""  # "ridge_gradient(X (7, 3), y (7,), w (3,), alpha=0.7)"
    what: str = ""  # which result, where a call has several
    expected: str = ""
    got: str = ""
    difference: str = ""  # the largest one, where it is, and what was allowed
    where: str = ""  # "line 12: return X @ w"
    why: str = ""  # the checker's own remark
    written: bool = True  # False: not written yet

    @property
    def status(self) -> str:
        return "failed" if self.written else "not written"


@dataclass
class Part:
    name: str  # "check_gradient"
    title: str  # the first line of its docstring
    status: str = "passed"  # "failed", "not written"
    failure: Failure | None = None


@dataclass
class Verdict:
    """The outcome of a check. `status`: passed, failed, not written, broken (does not even import), stopped (limits)."""

    exercise: str
    status: str
    parts: list[Part] = field(default_factory=list)
    failure: Failure | None = None  # of the first part that did not pass
    mistake: str = ""  # the planted mistake that the answer behaves like
    explanation: str = ""  # its explanation
    output: str = ""  # what the learner's file printed
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.status == "passed"

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Verdict:
        """A verdict from its JSON form, which `dataclasses.asdict` gives."""

        def failure(fields: dict[str, Any] | None) -> Failure | None:
            return Failure(**fields) if fields else None

        parts = [Part(**part | {"failure": failure(part["failure"])}) for part in data["parts"]]
        return Verdict(**data | {"parts": parts, "failure": failure(data["failure"])})
