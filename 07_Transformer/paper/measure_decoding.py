"""How long decoding takes, with and without the cache of keys and values, at the NumPy and the paper level.

python 07_Transformer/paper/measure_decoding.py            # prints a table
python 07_Transformer/paper/measure_decoding.py --write    # and writes the receipts

With the cache one token costs one row through the layers, and a look at all keys so far: the whole is nearly linear in the
length. Without it every token runs the model again over all that came before, which is quadratic at the least.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from transformer_numpy import Transformer as NumpyTransformer
from transformer_paper import BOS, Transformer

from utils.levels.arrays import to_torch
from utils.receipts import Receipt, Target, new_receipt, write_receipt

SIZES: dict[str, Any] = {"layers": 2, "d_model": 128, "heads": 2, "d_ff": 512}
VOCABULARY, SOURCE = 1000, 32
LENGTHS = (64, 128, 256, 512)
LONGEST_PLAIN = 128  # without the cache longer ones take minutes


def models(longest: int) -> dict[str, tuple[Any, Callable[[Any], Any]]]:
    """The same weights at both levels, and what turns ids into the level's arrays."""
    net = NumpyTransformer(
        VOCABULARY, **SIZES, max_length=max(longest, SOURCE), rng=np.random.default_rng(0), dtype=np.float32
    )
    with torch.random.fork_rng(devices=[]):
        model = Transformer(VOCABULARY, **SIZES, max_length=max(longest, SOURCE)).eval()
    model.load_state_dict(to_torch(net.params))
    return {"numpy": (net, np.asarray), "paper": (model, torch.tensor)}


def cached(model: Any, source: Any, words: Sequence[Any]) -> None:
    cache = model.start(source)
    for word in words:
        model.step(word, cache)


def plain(model: Any, source: Any, target: Any) -> None:
    for length in range(1, target.shape[1] + 1):
        model.forward(source, target[:, :length])


@torch.no_grad()
def measure(lengths: Sequence[int], seed: int = 0) -> dict[tuple[str, str, int], float]:
    """Processor seconds by level, "cached" or "plain", and length: one sentence, given tokens."""
    rng = np.random.default_rng(seed)
    source = rng.integers(3, VOCABULARY, (1, SOURCE))
    target = rng.integers(3, VOCABULARY, (1, max(lengths)))
    target[:, 0] = BOS
    found = {}
    for level, (model, array) in models(max(lengths)).items():
        words = [array(target[:, t]) for t in range(max(lengths))]
        cached(model, array(source), words[:4])  # the first run pays for what is set up once
        for length in lengths:
            begin = time.process_time()
            cached(model, array(source), words[:length])
            found[level, "cached", length] = time.process_time() - begin
            if length <= LONGEST_PLAIN:
                begin = time.process_time()
                plain(model, array(source), array(target[:, :length]))
                found[level, "plain", length] = time.process_time() - begin
    return found


def receipts(runs: dict[int, dict[tuple[str, str, int], float]], times: dict[int, float]) -> list[Receipt]:
    """How much longer twice as many tokens take, from the second longest to the longest."""
    short, long = LENGTHS[-2:]
    made = []
    for level in ("numpy", "paper"):
        middle = {n: float(np.median([run[level, "cached", n] for run in runs.values()])) for n in LENGTHS}
        slow = float(np.median([run[level, "plain", LONGEST_PLAIN] for run in runs.values()]))
        cells = ", ".join(f"{n}: {1e3 * seconds / n:.2f}" for n, seconds in middle.items())
        made.append(
            new_receipt(
                name=f"decoding_{level}",
                chapter="07",
                ladder="transformer",
                level=level,
                title=f"decoding with a cache: time of {long} tokens over that of {short}",
                metric="ratio of times",
                unit="",
                values={s: run[level, "cached", long] / run[level, "cached", short] for s, run in runs.items()},
                paper_value=None,
                paper_where="the paper does not speak of a cache",
                target=Target(text="at most 2.5 (linear: 2)", high=2.5),
                dataset="random tokens, one sentence, a source of 32",
                steps=0,
                wall_time_s=times,
                config=SIZES | {"vocabulary": VOCABULARY, "lengths": list(LENGTHS)},
                notes=f"milliseconds per token by length: {cells}; without the cache at {LONGEST_PLAIN} tokens: "
                f"{1e3 * slow / LONGEST_PLAIN:.2f}; processor time of one thread",
            )
        )
    return made


def main(*, write: bool = False, seeds: Sequence[int] = (0, 1, 2)) -> None:
    torch.set_num_threads(1)
    runs, times = {}, {}
    for seed in seeds:
        begin = time.perf_counter()
        runs[seed] = measure(LENGTHS, seed)
        times[seed] = time.perf_counter() - begin
    for level, kind, length in runs[seeds[0]]:
        seconds = float(np.median([run[level, kind, length] for run in runs.values()]))
        print(f"{level:<6} {kind:<7} {length:>4} tokens  {1e3 * seconds / length:>8.2f} ms per token")
    if write:
        for receipt in receipts(runs, times):
            print(write_receipt(receipt))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the receipts")
    main(write=parser.parse_args().write)
