"""The seven proofs of every ladder of the chapter."""

from __future__ import annotations

import pytest

from utils.ladder import load_ladders
from utils.parity.prove import prove
from utils.parity.report import PROOFS

LADDERS = load_ladders("01")


@pytest.mark.parametrize("proof", PROOFS)
@pytest.mark.parametrize("name", LADDERS)
def test_proof(name: str, proof: str) -> None:
    report = prove(LADDERS[name], proofs=[proof])
    assert report.ok, "\n".join(f"{f.what}: {f.message} ({f.subject})" for f in report.failures)


@pytest.mark.parametrize("name", LADDERS)
def test_enough_is_claimed(name: str) -> None:
    """Four mistakes or more over all three levels, and findings in every proof that has a subject."""
    ladder = LADDERS[name]
    assert len(ladder.mistakes) >= 4
    assert {mistake.level for mistake in ladder.mistakes} == {"numpy", "pytorch_lowlevel", "paper"}
    assert ladder.references or ladder.checks
