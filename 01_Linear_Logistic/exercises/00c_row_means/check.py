def check_rows(t):
    """Every row has its own mean subtracted"""
    for n, columns in [(3, 3), (7, 3), (2, 5), (1, 4), (4, 1)]:
        x = t.rng.normal(size=(n, columns)) + t.rng.normal(size=(n, 1)) * 3.0
        expected = [[value - sum(row) / columns for value in row] for row in x]
        t.equal(t.call("centre_rows", x), expected, why="add up each row of the result: every sum must be 0")


def check_no_loop(t):
    """There is no loop over the rows"""
    t.no_loop("centre_rows", (t.rng.normal(size=(2, 5)),), (t.rng.normal(size=(53, 5)),), over="the rows")
