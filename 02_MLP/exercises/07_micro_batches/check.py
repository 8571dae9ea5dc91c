from mlp_numpy import MLP, dropout_mask, training_step
from optimizers_numpy import SGD, AdamW

SIZES = (11, 7, 5, 3)


class Watched:
    """Stands in for a method of a model or optimizer: passes every call on, and notes how many rows its first argument has."""

    def __init__(self, method):
        self.method = method
        self.rows = []

    def __call__(self, first, *rest, **options):
        self.rows.append(len(first))
        return self.method(first, *rest, **options)


def compare(t, examples, size, make=SGD, lr=0.5, p=0.0, steps=1):
    """micro_step beside training_step on the whole batch, from the same parameters. Returns: what was watched."""
    mine, whole = MLP(SIZES, rng=t.rng), MLP(SIZES, rng=t.rng)
    for name, param in mine.params.items():
        param[...] = t.rng.normal(size=param.shape)
        whole.params[name][...] = param
    optimizer, reference = make(mine.params, lr=lr), make(whole.params, lr=lr)
    mine.forward, optimizer.step = Watched(mine.forward), Watched(optimizer.step)
    for step in range(1, steps + 1):
        x, labels = t.rng.normal(size=(examples, SIZES[0])), t.rng.integers(0, SIZES[-1], examples)
        masks = [dropout_mask((examples, width), p, rng=t.rng) for width in SIZES[1:-1]] if p else None
        got = t.call("micro_step", mine, optimizer, x, labels, masks, size)
        expected = training_step(whole, reference, x, labels, masks)
        for name, param in whole.params.items():
            t.equal(mine.params[name], param, rtol=1e-8, atol=1e-10, what=f"{name} after step {step}")
        t.equal(got, expected, what=f"the loss of step {step}")
    return mine.forward.rows, optimizer.step.rows


def check_equal_pieces(t):
    """A batch of 12 in pieces of 4: the step of the whole batch"""
    compare(t, 12, 4)


def check_larger_pieces(t):
    """A batch of 12 in pieces of 6: twice as many at a time"""
    rows, _ = compare(t, 12, 6)
    t.require(
        max(rows) == 6, "the pieces are smaller than the allowed size", expected="6 and 6 examples", got=str(rows)
    )


def check_last_piece(t):
    """A batch of 13 in pieces of 5: the last piece is shorter"""
    compare(t, 13, 5)


def check_one_at_a_time(t):
    """Pieces of one example, and a batch of one"""
    compare(t, 5, 1)
    compare(t, 1, 3)


def check_masks(t):
    """With dropout: each example keeps its own mask"""
    compare(t, 13, 5, p=0.3)


def check_several_steps(t):
    """Three steps with AdamW"""
    compare(t, 13, 3, make=AdamW, lr=0.01, p=0.3, steps=3)


def check_sizes(t):
    """No more than the allowed number of examples at a time, and one update"""
    for examples, size, pieces in [(13, 5, [5, 5, 3]), (7, 11, [7])]:
        forwards, updates = compare(t, examples, size)
        t.require(max(forwards) <= size, f"the model got more than {size} examples at once", got=forwards)
        t.require(
            sum(forwards) == examples, "some examples were used twice or never", expected=str(pieces), got=forwards
        )
        t.require(len(updates) == 1, "the optimizer should take one step", got=f"{len(updates)} steps")
