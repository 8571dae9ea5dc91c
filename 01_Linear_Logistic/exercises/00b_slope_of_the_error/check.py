def check_slope(t):
    """The slope agrees with central differences"""
    for shape in [(5, 3), (2, 7), (7, 1), (1, 3)]:
        prediction, target = t.rng.normal(size=shape), t.rng.normal(size=shape)
        expected = t.numeric_gradient(lambda p=prediction, y=target: ((p - y) ** 2).mean(), prediction, smooth=True)
        got = t.call("error_slope", prediction, target)
        t.equal(got, expected, atol=1e-10, why="nudge one prediction by h: the error moves by about h times its slope")
