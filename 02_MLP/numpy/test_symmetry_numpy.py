import numpy as np
from symmetry_numpy import SymmetryNet, mirror_pattern, patterns, train_symmetry


def test_patterns():
    x, d = patterns()
    assert x.shape == (64, 6)
    assert d.sum() == 8  # three free bits
    assert d[0b101101, 0] == 1
    assert d[0b101100, 0] == 0


def test_seventeen_parameters():
    net = SymmetryNet(rng=np.random.default_rng(0))
    assert sum(p.size for p in net.params.values()) == 17
    assert max(np.abs(p).max() for p in net.params.values()) <= 0.3


def test_mirror_pattern_by_hand():
    """Pairs of sizes (1 + 1.25) / 2, 2 and 4; in the first pair |1 - 1.25| = 0.25 of 1."""
    net = SymmetryNet(rng=np.random.default_rng(0))
    net.hidden.params["weight"][...] = [[2.0, 4.0, 1.0, -1.25, -4.0, -2.0]] * 2
    sizes, departure = mirror_pattern(net)
    np.testing.assert_allclose(sizes, [1.0, 2.0 / 1.125, 4.0 / 1.125])
    assert departure == 0.25


def test_one_run_finds_the_mirror_pattern():
    net, sweeps, errors = train_symmetry(np.random.default_rng(2), most=3000)
    assert sweeps is not None
    assert errors[-1] < 0.5 < errors[0]
    sizes, departure = mirror_pattern(net)
    np.testing.assert_allclose(sizes, [1.0, 2.0, 4.0], rtol=0.05)
    assert departure < 0.01


def test_an_unsolved_run_says_so():
    assert train_symmetry(np.random.default_rng(0), most=5)[1] is None
