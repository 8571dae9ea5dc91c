"""A chapter's numbers, made anew: each result trained once per seed, its finished runs read, its receipt written.

RESULTS: dict[str, Result] = {
    "lenet5": {"title": "LeNet-5", "paper_value": 0.95, "paper_where": "section III-B"},
    "lenet5_numpy": {"title": "LeNet-5, NumPy level", "config": "lenet5", "level": "numpy", ...},
}

def facts(config, runs):
    return {"metric": "test error", "unit": "%", "dataset": both_sources(config.dataset)}

def reproduce(folder, *, seeds=(0, 1, 2), only=None, overrides=(), replace=False):
    return reproduce_results(
        RESULTS, main, CONFIG, facts, folder, configs=CONFIGS, seeds=seeds, only=only, overrides=overrides, replace=replace
    )
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from utils.checkpoints import expect_identity, listed
from utils.config import C, load_config
from utils.receipts import Receipt, ReceiptError, Target, new_receipt, read_receipt, write_receipt
from utils.saved_runs import SavedRun, read_run
from utils.scripts import Main

OF_ONE_RUN = {"seed", "start_from"}  # settings that differ between the runs of a result; its receipt leaves them out


class Training(TypedDict, total=False):
    """How a number is trained and measured."""

    config: str  # a name in the chapter's configs/; by default the result's own
    overrides: Sequence[str]  # "key=value" changes to that configuration; by default none
    level: str  # by default "paper"
    run: str  # its runs are called <run>-<seed>; by default after the result; several results can share them
    start_from: str  # another result, whose run of the same seed is trained further; by default none
    measured: str  # a metric that `main` returns; by default "test_error"


class Result(Training, total=False):
    """A number that a chapter reproduces: how it is trained, and what its receipt says that its runs do not."""

    title: str
    metric: str
    unit: str
    paper_value: float | None
    paper_where: str
    target: Target | None
    notes: str


def reproduce_results(
    results: Mapping[str, Result],
    main: Main,
    model: type[C],
    facts: Callable[[C, Mapping[int, SavedRun[C]]], Mapping[str, Any]],
    folder: Path,
    *,
    configs: Path,
    seeds: Sequence[int],
    only: Collection[str] | None = None,
    overrides: Sequence[str] = (),
    replace: bool = False,
) -> list[Receipt]:
    """Train each result once per seed, and write its receipt as soon as its runs are finished.

    A run in `folder` that was interrupted is continued, a finished one is taken as it is. With `overrides` the numbers are
    no longer the chapter's: runs and receipts go to a folder of their own beside `folder`, and no page shows them.

    Args:
        results: by the names of their receipts.
        main: the script's, which trains a configuration of type `model`.
        facts: from a result's configuration and its runs by seed, further fields of the receipt, or of `Result` where
            several share them. What the result itself says takes precedence; the notes of both are joined.
        configs: the chapter's `paper/configs`.
        only: reproduce the results of these names; other names are passed over.
        overrides: "key=value" changes to every configuration.
        replace: a receipt may lose seeds that it has.

    Raises:
        CheckpointError: a finished run was trained with other settings.
        ReceiptError: a receipt would lose seeds, which is found before anything is trained.
    """
    folder = changed_folder(Path(folder), overrides)
    wanted = {name: result for name, result in results.items() if not only or name in only}
    if not overrides and not replace and wanted:
        refuse_loss(_there(configs.parent / "results", wanted), seeds)

    def trained(name: str, seed: int) -> SavedRun[C]:
        result = results[name]
        changes = (*result.get("overrides", ()), *overrides)
        config = load_config(result.get("config", name), model, changes, folder=configs)
        settings: dict[str, Any] = {"seed": seed}
        if "start_from" in result:
            settings["start_from"] = str(trained(result["start_from"], seed).folder)
        place = folder / f"{result.get('run', name)}-{seed}"
        return trained_run(main, config.model_copy(update=settings), place, level=result.get("level", "paper"))

    receipts = []
    for name, result in wanted.items():
        runs = {seed: trained(name, seed) for seed in seeds}
        receipts.append(_receipt(name, runs, result, facts(next(iter(runs.values())).config, runs)))
        if overrides:
            write_receipt(receipts[-1], folder / f"{name}.json")
        else:
            write_receipt(receipts[-1])
    return receipts


def _there(folder: Path, names: Iterable[str]) -> list[Receipt]:
    """The receipts of those names that `folder` has."""
    return [read_receipt(path) for name in names if (path := folder / f"{name}.json").exists()]


def changed_folder(folder: Path, overrides: Sequence[str]) -> Path:
    """Where the runs of a chapter go: `folder`, or one beside it for other settings: "03-epochs=1"."""
    return folder.with_name("-".join((folder.name, *(change.replace("/", "_") for change in overrides))))


def refuse_loss(receipts: Iterable[Receipt], seeds: Sequence[int]) -> None:
    """Raises ReceiptError: one of the receipts has seeds besides `seeds`, which it would lose."""
    for receipt in receipts:
        if lost := sorted(receipt.values.keys() - set(seeds)):
            together = ",".join(str(seed) for seed in sorted({*receipt.seeds, *seeds}))
            raise ReceiptError(
                f"receipt {receipt.name} has seeds {listed(map(str, receipt.seeds), 10)}, and would lose "
                f"{listed(map(str, lost), 10)}: ask for all with --seeds {together} (finished runs are taken as they are), "
                "or say --replace"
            )


def plan(
    results: Mapping[str, Result],
    names: Collection[str],
    seeds: Sequence[int],
    folder: Path,
    receipts: Iterable[Receipt],
) -> list[str]:
    """What there is to train, a line for each series of runs, with what it cost the last time.

    Args:
        names: of the results that are wanted.
        receipts: those that there are.
    """
    before = {receipt.name: receipt for receipt in receipts}
    series: dict[str, list[str]] = {}
    for name in names:
        series.setdefault(results[name].get("run", name), []).append(name)
    lines = []
    for run, made in series.items():
        left = [seed for seed in seeds if not (folder / f"{run}-{seed}" / "results.json").exists()]
        if not left:
            continue
        receipt = next((before[name] for name in made if name in before), None)
        cost = "no receipt says what it costs"
        if receipt is not None:
            hardware = receipt.hardware
            on = f"{hardware.get('cpu')}, {hardware.get('threads')} thread{'s' * (hardware.get('threads') != 1)}"
            on = ", ".join(hardware.get("gpu") or [on])
            cost = f"each took {receipt.cost} on {on}"
        lines.append(f"{run}: {len(left)} run{'s' * (len(left) != 1)} to train; {cost}")
    return lines


def trained_run(main: Main, config: C, folder: Path, *, level: str = "paper") -> SavedRun[C]:
    """The finished run of a configuration: trained, continued where it was interrupted, or found in `folder`.

    Raises:
        CheckpointError: the finished run in `folder` was trained with other settings or at another level.
    """
    if not (folder / "results.json").exists():
        main(config, folder, level=level, resume=(folder / "run.json").exists())
    run = read_run(folder, type(config))
    saved, wanted = ({"level": at, "config": _settings(c)} for at, c in ((run.level, run.config), (level, config)))
    expect_identity(saved, wanted, f"the run in {folder}")
    return run


def _receipt(name: str, runs: Mapping[int, SavedRun], result: Result, facts: Mapping[str, Any]) -> Receipt:
    told, one = {**facts, **result}, next(iter(runs.values()))
    measured = told.get("measured", "test_error")
    cpu = {seed: run.results["cpu_time_s"] for seed, run in runs.items()}
    read = {
        "name": name,
        "chapter": one.identity["chapter"],
        "ladder": one.identity["ladder"],
        "level": one.level,
        "values": {seed: run.metrics[measured] for seed, run in runs.items()},
        "paper_value": None,
        "steps": one.results["steps"],
        "wall_time_s": {seed: run.results["wall_time_s"] for seed, run in runs.items()},
        "cpu_time_s": None if None in cpu.values() else cpu,
        "config": _settings(one.config),
    }
    said = {key: value for key, value in told.items() if key not in Training.__annotations__}
    notes = "; ".join(filter(None, (result.get("notes"), facts.get("notes"))))
    return new_receipt(**(read | said | {"notes": notes}))


def _settings(config: Any) -> dict[str, Any]:
    return config.model_dump(mode="json", exclude=OF_ONE_RUN)
