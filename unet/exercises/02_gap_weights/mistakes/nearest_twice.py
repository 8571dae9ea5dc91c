"""The distance to the nearest cell was taken twice. A pixel beside a lone cell is then as expensive as one in a gap."""

CHANGES = [("d1, d2 = np.sort(distances, axis=0)[:2]", "d1 = d2 = np.sort(distances, axis=0)[0]")]
