import pytest

from utils.ladder import load_ladders
from utils.parity.prove import prove
from utils.parity.report import PROOFS

LADDERS = load_ladders("02")


@pytest.mark.parametrize("proof", PROOFS)
@pytest.mark.parametrize("name", LADDERS)
def test_proof(name, proof):
    report = prove(LADDERS[name], proofs=[proof])
    assert report.findings
    assert report.ok, "\n".join(f"{f.subject}: {f.what}: {f.message}" for f in report.failures)


@pytest.mark.parametrize("name", LADDERS)
def test_climb_learns(name):
    """A few steps on the embedded digits, NumPy level: better than guessing, and the batches fit the model."""
    import numpy as np

    ladder = LADDERS[name]
    climb, rng = ladder.climb, np.random.default_rng(0)
    assert climb is not None
    trainer = ladder.levels["numpy"].start(climb.init(rng), **climb.options)
    for batch in climb.batches(rng, 150):
        trainer.step(batch)
    test = climb.test()
    assert climb.score(trainer.predict(test), test) > 0.6


@pytest.mark.parametrize("name", LADDERS)
def test_bench_runs_in_float32(name):
    import numpy as np

    ladder, rng = LADDERS[name], np.random.default_rng(0)
    assert ladder.bench is not None
    trainer = ladder.levels["numpy"].start(ladder.bench.init(rng))
    assert np.isfinite(trainer.step(ladder.bench.batch(rng)))
    assert {p.dtype for p in trainer.params().values()} == {np.dtype(np.float32)}
