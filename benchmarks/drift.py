"""How far rounding carries equal code apart, and how far a mistake does: the measurements behind the tolerances.

    python benchmarks/drift.py            measures every written chapter, writes docs/figures/drift.json and the two figures

For every ladder, the levels run and train from the same parameters on the same batches in float64 and in float32, and their
largest difference is taken, relative to the largest entry of the tensor. Then each planted mistake, in float64, alike.
"""

from __future__ import annotations

import json
import platform
from pathlib import Path

import numpy as np

from utils.chapters import ROOT, written_chapters
from utils.figures.curves import curves
from utils.figures.saving import save
from utils.ladder import Batch, Ladder, Level, Params, load_ladders
from utils.parity.planting import plant
from utils.parity.tolerances import RTOL

Gap = tuple[float, str]  # a size, and the tensor that it is measured on

FOLDER = ROOT / "docs" / "figures"
STEPS = 10  # as in the proofs
LONG, EVERY = 1000, 10  # steps of the training that is drawn, and how often the levels are compared
ZERO = 1e-6  # a tensor smaller than the largest by this factor is taken for zero
SHOWN = ("02", "mlp")  # the ladder whose training is drawn: chapter, name


def cast(arrays: dict[str, np.ndarray], dtype: type) -> dict[str, np.ndarray]:
    return {k: v.astype(dtype) if np.issubdtype(v.dtype, np.floating) else v for k, v in arrays.items()}


def gap(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> Gap:
    """The largest difference of any tensor, relative to the largest entry of that tensor, and its name; inf where it is not
    finite. A tensor that is nothing but rounding beside the largest of them, as the gradient of a key bias, is left out.
    """
    worst = (0.0, "")
    largest = max((np.abs(array).max() for array in want.values() if np.size(array)), default=0.0)
    for name in sorted(want.keys() & got.keys()):
        a, b = np.asarray(got[name], np.float64), np.asarray(want[name], np.float64)
        if a.shape != b.shape or not np.all(np.isfinite(a)):
            return float("inf"), name
        if b.size and (scale := np.abs(b).max()) > ZERO * largest:
            worst = max(worst, (float(np.abs(a - b).max() / scale), name))
    return worst


def gaps(level: Level, truth: Level, params: Params, batches: list[Batch]) -> dict[str, Gap]:
    """One pass, and `STEPS` optimizer steps, of a level against another."""
    got, want = (which.run(params, batches[0], training=True) for which in (level, truth))
    trained, expected = (which.train(params, batches) for which in (level, truth))
    return {
        "outputs": gap(got.outputs, want.outputs),
        "gradients": max(gap(got.grads, want.grads), gap(got.input_grads, want.input_grads)),
        "losses": gap({"loss": np.array(trained.losses)}, {"loss": np.array(expected.losses)}),
        "parameters": gap(trained.params, expected.params),
    }


def drawn(ladder: Ladder, dtype: type, seed: int = 0) -> tuple[Params, list[Batch]]:
    rng = np.random.default_rng([seed, 0])
    return cast(ladder.init(rng), dtype), [cast(ladder.batch(rng), dtype) for _ in range(STEPS)]


def rounding(ladder: Ladder, dtype: type) -> dict[str, Gap]:
    """The largest gaps of the other levels to the paper level, over three seeds."""
    worst: dict[str, Gap] = {}
    for seed in range(3):
        params, batches = drawn(ladder, dtype, seed)
        for name, level in ladder.levels.items():
            if name != "paper":
                for what, size in gaps(level, ladder.levels["paper"], params, batches).items():
                    worst[what] = max(worst.get(what, (0.0, "")), size)
    return worst


def mistakes(ladder: Ladder) -> dict[str, dict[str, float | str]]:
    """The gaps that each planted mistake opens in float64; one that raises, or gives no number, is left out."""
    params, batches = drawn(ladder, np.float64)
    found = {}
    for mistake in ladder.mistakes:
        truth = ladder.levels["numpy" if mistake.level == "paper" else "paper"]
        try:
            sizes = gaps(ladder.level(mistake.level, load=plant(ladder, mistake)), truth, params, batches)
        except Exception:  # what it raises is how it is found
            continue
        if all(np.isfinite(size) for size, _ in sizes.values()):
            found[mistake.name] = {"level": mistake.level, **{what: size for what, (size, _) in sizes.items()}}
    return found


def training(ladder: Ladder, dtype: type) -> dict[str, list[float]]:
    """The largest relative parameter difference to the paper level, every `EVERY` steps, on the ladder's real data."""
    climb = ladder.climb
    assert climb is not None
    levels = {name: ladder.level(name, **climb.sizes) for name in ladder.builders}
    params = cast(levels["numpy"].fresh(np.random.default_rng([0, 0])), dtype)
    trainers = {name: level.start(params, **climb.options) for name, level in levels.items()}
    found: dict[str, list[float]] = {name: [] for name in trainers if name != "paper"}
    noise = np.random.default_rng([0, 2])
    for step, batch in enumerate(climb.batches(np.random.default_rng([0, 1]), LONG), 1):
        batch = ladder.noisy(noise, batch, **climb.sizes)
        for trainer in trainers.values():
            trainer.step(cast(batch, dtype))
        if step % EVERY == 0:
            truth = trainers["paper"].params()
            for name, series in found.items():
                series.append(gap(trainers[name].params(), truth)[0])
    return found


def measure() -> dict:
    import torch

    torch.set_num_threads(1)
    ladders = {(c.id, name): ladder for c in written_chapters() for name, ladder in load_ladders(c.id).items()}
    report: dict = {
        "what": "largest difference to the paper level, relative to the largest entry of the tensor",
        "steps": STEPS,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__},
        "ladders": {},
    }
    for (chapter, name), ladder in ladders.items():
        print(f"{chapter} {name}")
        found = {dtype.__name__: rounding(ladder, dtype) for dtype in (np.float64, np.float32)}
        report["ladders"][f"{chapter} {name}"] = {
            **{dtype: {what: size for what, (size, _) in worst.items()} for dtype, worst in found.items()},
            "tensors": {dtype: {what: tensor for what, (_, tensor) in worst.items()} for dtype, worst in found.items()},
            "planted": len(ladder.mistakes),
            "mistakes": mistakes(ladder),
        }
    shown = ladders.get(SHOWN) or next(ladder for ladder in ladders.values() if ladder.climb)
    assert shown.climb is not None
    report["training"] = {
        "ladder": shown.name,
        "dataset": shown.climb.dataset,
        "every": EVERY,
        "parameter differences": {dtype.__name__: training(shown, dtype) for dtype in (np.float64, np.float32)},
    }
    return report


def summary(report: dict) -> tuple[dict[str, float], list[float]]:
    """The largest rounding of one pass by dtype, and what each planted mistake changes, smallest first.

    A mistake in an initialisation, a closed form or a case at the extremes changes nothing on a random batch; other proofs
    find it, and it is left out here.
    """
    ladders = report["ladders"].values()
    worst = {
        dtype: max(size for ladder in ladders for what, size in ladder[dtype].items() if what != "parameters")
        for dtype in ("float64", "float32")
    }
    return worst, sorted(size for ladder in ladders for size in visible(ladder))


def visible(ladder: dict) -> list[float]:
    """What the planted mistakes of a ladder change, where that is more than rounding does to the same ladder."""
    rounding = max(ladder["float64"].values())
    sizes = [max(v for v in m.values() if not isinstance(v, str)) for m in ladder["mistakes"].values()]
    return [size for size in sizes if size > 100 * rounding]


def floor(series: list[float]) -> list[float]:
    """Exact agreement has no logarithm: it is drawn at 1e-17."""
    return [max(value, 1e-17) for value in series]


def draw(report: dict, folder: Path) -> None:
    worst, sizes = summary(report)
    ranks = np.arange(1, len(sizes) + 1)
    figure = curves(
        {"one planted mistake each, in float64": (ranks, sizes)},
        xlabel="planted mistakes, smallest first",
        ylabel="largest relative difference",
        log=True,
        marks={
            "float64 rounding, one pass": float(f"{worst['float64']:.1g}"),
            "tolerance": RTOL,
            "float32 rounding, one pass": float(f"{worst['float32']:.1g}"),
        },
        title="What a mistake changes, and what rounding changes",
    )
    save(figure, folder / "mistakes.svg")
    series = {
        f"{shown_name(level)}, {dtype}": (np.arange(1, len(values) + 1) * report["training"]["every"], floor(values))
        for dtype, levels in report["training"]["parameter differences"].items()
        for level, values in levels.items()
    }
    figure = curves(
        series,
        ylabel="largest relative parameter difference",
        log=True,
        title=f"Equal code drifts apart: {report['training']['ladder']}, against the paper level",
    )
    save(figure, folder / "drift.svg")


def shown_name(level: str) -> str:
    return {"numpy": "NumPy", "pytorch_lowlevel": "low-level PyTorch"}[level]


def main() -> None:
    report = measure()
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "drift.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    draw(report, FOLDER)


if __name__ == "__main__":
    main()
