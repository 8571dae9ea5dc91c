from __future__ import annotations

import measure_decoding
import pytest


def test_measures_both_levels_and_makes_receipts(monkeypatch):
    monkeypatch.setattr(measure_decoding, "LENGTHS", (2, 3, 5))
    monkeypatch.setattr(measure_decoding, "LONGEST_PLAIN", 3)
    run = measure_decoding.measure((2, 3, 5))
    assert set(run) == {
        (level, kind, n)
        for level in ("numpy", "paper")
        for kind, n in (("cached", 2), ("plain", 2), ("cached", 3), ("plain", 3), ("cached", 5))
    }
    assert all(seconds > 0 for seconds in run.values())
    made = measure_decoding.receipts({0: run}, {0: 1.0})
    assert [receipt.name for receipt in made] == ["decoding_numpy", "decoding_paper"]
    assert made[0].values[0] == pytest.approx(run["numpy", "cached", 5] / run["numpy", "cached", 3])
