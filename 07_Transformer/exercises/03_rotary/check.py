import numpy as np


def turned(x, positions, base):
    """The definition with complex numbers: a rotation is a product with exp(i angle)."""
    width = x.shape[-1]
    pairs = x[..., 0::2] + 1j * x[..., 1::2]
    frequency = np.array([base ** (-2 * c / width) for c in range(width // 2)])
    pairs = pairs * np.exp(1j * np.asarray(positions)[:, None] * frequency)
    return np.stack([pairs.real, pairs.imag], axis=-1).reshape(x.shape)


def check_angles(t):
    """The angles are positions times frequencies"""
    for width, base in ((2, 10000.0), (6, 10000.0), (10, 100.0)):
        positions = np.array([0.0, 1.0, 7.5])
        expected = np.array([[p * base ** (-2 * c / width) for c in range(width // 2)] for p in positions])
        t.equal(t.call("angles", positions, width, base), expected)


def check_rotate(t):
    """Each pair is turned by its angle"""
    for shape, base in (((5, 2), 10000.0), ((3, 5, 6), 10000.0), ((2, 3, 7, 10), 100.0)):
        x, positions = t.rng.normal(size=shape), t.rng.integers(0, 50, shape[-2])
        t.equal(t.call("rotate", x, positions, base), turned(x, positions, base))
    x, positions = t.rng.normal(size=(3, 6)), np.array([0.5, -2.0, 7.25])
    t.equal(
        t.call("rotate", x, positions), turned(x, positions, 1e4), why="positions need be neither whole nor positive"
    )


def check_odd_width(t):
    """An odd width is refused"""
    t.raises("rotate", np.zeros((3, 5)), np.arange(3), 10000.0, says="5")


def check_backward(t):
    """The gradient agrees with central differences"""
    for shape in ((5, 2), (3, 5, 6), (2, 3, 5, 2)):
        x, dy, positions = t.rng.normal(size=shape), t.rng.normal(size=shape), np.array([3, 0, 11, 4, 2])
        expected = t.numeric_gradient(lambda: turned(x, positions, 100.0), x, dy)  # noqa: B023
        t.equal(t.call("rotate_backward", dy, positions, 100.0), expected, rtol=1e-6, atol=1e-8)


def check_scores(t):
    """The scores are those of turned queries and keys"""
    for lead, n, m, base in (((2, 3), 5, 5, 1e4), ((), 2, 7, 1e4), ((3,), 1, 3, 100.0), ((2,), 1, 1, 1e4)):
        q, k = t.rng.normal(size=(*lead, n, 6)), t.rng.normal(size=(*lead, m, 6))
        expected = np.zeros((*lead, n, m))
        for i in range(n):
            for j in range(m):
                a = turned(q[..., i : i + 1, :], [m - n + i], base)
                b = turned(k[..., j : j + 1, :], [j], base)
                expected[..., i, j] = (a * b).sum(axis=(-2, -1)) / np.sqrt(6)
        t.equal(t.call("rotary_scores", q, k, base), expected, why="The queries are the last n of the m positions.")


def check_distance(t):
    """A score depends on the distance alone"""
    q, k = t.rng.normal(size=(1, 6)), t.rng.normal(size=(1, 6))
    found = []
    for at in (0, 5, 90):
        a = t.call("rotate", q, np.array([at + 3]), 10000.0)
        b = t.call("rotate", k, np.array([at]), 10000.0)
        found.append(float(np.sum(a * b)))
    t.equal(np.array(found), np.full(3, found[0]), rtol=1e-9, what="the score of two words three apart, at 0, 5 and 90")


def check_new_array(t):
    """The result is a new array, of the dtype of x"""
    x, dy = t.rng.normal(size=(1, 6)), t.rng.normal(size=(1, 6))
    t.own_memory(t.call("rotate", x, np.zeros(1)), x, what="x turned by an angle of 0")
    t.keeps_dtype("rotate", x, np.array([3]))
    t.keeps_dtype("rotate_backward", dy, np.array([3]))
