"""What the proofs of a ladder found, and how to sum it up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from utils.parity.compare import first_divergence
from utils.parity.finding import Finding

PROOFS = {
    "gradients": "every NumPy layer against central differences",
    "operations": "every NumPy layer against the torch operation",
    "levels": "all levels, whole model, tensor by tensor",
    "training": "10 optimizer steps on fresh batches at every level",
    "references": "against implementations that others maintain",
    "mistakes": "planted mistakes are found and named",
    "scripts": "every script runs, every level overfits one batch",
}


@dataclass
class Report:
    """All findings of a ladder, in the order of the proofs."""

    ladder: str
    chapter: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether something was compared, and all of it is equal."""
        return bool(self.findings) and all(f.ok for f in self.findings)

    @property
    def failures(self) -> list[Finding]:
        return [f for f in self.findings if f.status == "failed"]

    @property
    def not_written(self) -> list[Finding]:
        return [f for f in self.findings if f.status == "not written"]

    @property
    def first(self) -> Finding | None:
        """The first divergence. A whole model says where; without one, the first failing layer or check does."""
        order = ("levels", "training", "gradients", "operations", "references", "scripts", "mistakes")
        return first_divergence(sorted(self.findings, key=lambda f: order.index(f.proof)))

    def of(self, proof: str) -> list[Finding]:
        return [f for f in self.findings if f.proof == proof]

    def summary(self) -> list[dict[str, Any]]:
        """One row a proof that has findings: proof, title, count, failed, not_written, difference (the largest that passed)."""
        return [
            {
                "proof": proof,
                "title": title,
                "count": len(found),
                "failed": sum(f.status == "failed" for f in found),
                "not_written": sum(f.status == "not written" for f in found),
                "difference": max((f.difference for f in found if f.ok), default=0.0),
            }
            for proof, title in PROOFS.items()
            if (found := self.of(proof))
        ]

    def asdict(self) -> dict[str, Any]:
        return {
            "ladder": self.ladder,
            "chapter": self.chapter,
            "ok": self.ok,
            "first_divergence": None if self.first is None else self.first.asdict(),
            "summary": self.summary(),
            "findings": [f.asdict() for f in self.findings],
        }
