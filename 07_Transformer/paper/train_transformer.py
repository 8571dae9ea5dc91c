"""Train the Transformer at any level, or the recurrent model it is compared with, and reproduce the chapter's results.

rungs train 07 --config dates                       # two minutes on one CPU core: dates to ISO 8601
rungs train 07 --config multi30k                    # German to English, a small model for a CPU
rungs train 07 --config multi30k_large              # the same, for a GPU
python 07_Transformer/paper/train_transformer.py --config tiny --level numpy
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from evaluate_transformer import mean_nll, quality, with_params
from recipe_paper import smoothed_cross_entropy, transformer_schedule
from schedule_numpy import ADAM
from translation_data import TokenBatches, encode_pairs, load_pairs, make_coder
from translator_paper import TranslationConfig, build_model, sizes_of

from utils.config import ConfigError
from utils.ladder import Batch, Level, Params, load_ladders
from utils.levels import ModuleLevel
from utils.levels.arrays import to_numpy
from utils.levels.module_level import find_device
from utils.receipts import Receipt, Target
from utils.reproduction import Result, reproduce_results
from utils.runs import Run, saved_params
from utils.saved_runs import SavedRun
from utils.scripts import train_command
from utils.training_utils import progress, streams, torch_generator

CONFIGS = Path(__file__).parent / "configs"
CONFIG = TranslationConfig
GPU = torch.cuda.is_available()


def device_of(config: TranslationConfig, level: str) -> str:
    """Where it is trained: the paper level wherever the configuration says, the others on the CPU."""
    return find_device(config.device) if level == "paper" else "cpu"


def level_of(config: TranslationConfig, level: str, vocabulary: int, noise: torch.Generator) -> Level:
    """What trains: the Transformer at a level, or the gru, which the paper level alone has.

    On a CPU the Transformer gets its dropout masks with the batch, so that they are the same at every level. Those of a
    GPU are drawn there, by `noise`, as those of the gru are.
    """
    ladder = load_ladders("07")["transformer"]
    if config.model == "gru" or noise.device.type != "cpu":
        if level != "paper":
            raise ConfigError(f"the gru is trained at the paper level, not at {level}")
        sizes = {"config": config, "vocabulary": vocabulary, "noise": noise}
        return DrawingLevel(ladder, importlib.import_module, sizes)
    if level != "paper" and config.learned_positions:
        raise ConfigError(f"learned positions are the paper level's; the {level} level has the sinusoids alone")
    sizes = sizes_of(config, vocabulary)
    return ladder.level(level, **sizes, dropout=config.dropout, smoothing=config.label_smoothing)


class DrawingLevel(ModuleLevel):
    """A translator of the paper level that draws its dropout masks itself, on the device where it trains.

    `sizes` are its configuration, the size of its vocabulary, and the generator of the masks.
    """

    def build(self):
        config, vocabulary = self.sizes["config"], self.sizes["vocabulary"]
        model = build_model(config, vocabulary, torch.Generator())  # its weights are replaced by those of `start`
        model.dropout.generator = self.sizes["noise"]
        return model

    def forward(self, model, batch, training):
        return {"logits": model(batch["source"], batch["target"])}

    def loss(self, model, outputs, batch):
        return smoothed_cross_entropy(outputs["logits"], batch["labels"], self.sizes["config"].label_smoothing)

    def optimizer(self, params, **options):
        return torch.optim.Adam(params.values(), **ADAM | options)


def with_masks(batch: Batch, config: TranslationConfig, rng: np.random.Generator) -> Batch:
    """The batch with the dropout masks that the ladder declares."""
    sizes = {"layers": config.layers, "d_model": config.d_model, "dropout": config.dropout}
    return load_ladders("07")["transformer"].noisy(rng, batch, **sizes)


def initial_params(config: TranslationConfig, vocabulary: int, generator: torch.Generator) -> Params:
    """Drawn at the paper level in float32, so that every level starts from the same; or those of an earlier run."""
    drawn = to_numpy(build_model(config, vocabulary, generator).state_dict())
    if config.start_from is None:
        return drawn
    params = saved_params(config.start_from)
    sizes = [{name: p.shape for name, p in state.items()} for state in (params, drawn)]
    if sizes[0] != sizes[1]:
        raise ConfigError(f"start_from = {config.start_from}: that run has another model or other sizes than this one")
    return params


# --8<-- [start:training_loop]
def main(config: TranslationConfig, folder: Path, *, level: str = "paper", resume: bool = False) -> dict[str, float]:
    """Train, and return the loss and the quality on the test split. The folder gets log, checkpoints and results."""
    rng: dict[str, Any] = dict(streams(config.seed, "init", "data", "noise"))
    device = device_of(config, level)
    rng["torch"] = torch_generator(rng["noise"], device)
    identity = {"chapter": "07", "ladder": "transformer", "level": level, "config": config.model_dump(mode="json")}
    train = load_pairs(config.task, "train", examples=config.examples)
    held_out, test = (load_pairs(config.task, split, examples=config.test_examples) for split in ("val", "test"))
    coder = make_coder(config.task, train, config.vocabulary)
    sources, targets = encode_pairs(held_out, coder)
    val = sources[:500], targets[:500]
    batches: Any = TokenBatches(*encode_pairs(train, coder), config.tokens, rng["data"])
    start = initial_params(config, len(coder), torch_generator(rng["init"]))
    masked = config.model == "transformer" and device == "cpu"
    options = {"device": device} if level == "paper" else {}

    with Run(folder, identity, rng=rng, resume=resume) as run:
        if run.writes:
            coder.save(Path(folder) / "merges.json")
        implementation = level_of(config, level, len(coder), rng["torch"])
        trainer = implementation.start(run.weights(start), lr=0.0, **options)
        run.restore(trainer, batches)
        mean = {name.removeprefix("mean."): array for name, array in run.extra.items()}
        losses: list[float] = []
        steps = progress(iter(range(run.step, config.steps)), "training", total=config.steps - run.step)
        while run.step < config.steps:
            for batch in batches:
                next(steps, None)
                trainer.lr = config.lr_factor * transformer_schedule(run.step + 1, config.d_model, config.warmup)
                batch = with_masks(batch, config, rng["noise"]) if masked else batch
                losses.append(run.took_step(trainer.step(batch), lr=trainer.lr))
                if run.step % config.eval_every == 0 or run.step == config.steps:
                    if config.checkpoints(run.step) > config.checkpoints(config.steps) - config.average:
                        mean = add_to_mean(mean, trainer.params(), config)
                    run.log(epoch=batches.epoch, loss=float(np.mean(losses)), val_nll=mean_nll(trainer, val))
                    losses.clear()
                    run.checkpoint(trainer, batches, extra={f"mean.{name}": value for name, value in mean.items()})
                if run.step == config.steps:
                    break
        model = with_params(config, len(coder), mean).to(device)
        return run.finish(val_nll=mean_nll(trainer, val), **quality(config, model, coder, test))


# --8<-- [end:training_loop]


def add_to_mean(mean: Params, params: Params, config: TranslationConfig) -> Params:
    """One more of the checkpoints whose mean is evaluated (section 6.1)."""
    return {name: mean.get(name, 0.0) + value / config.average for name, value in params.items()}


DATES = "no dates in the paper"
WMT = "WMT 2014 was not attempted: neither the data nor 3.3e18 operations are at hand"
TABLE_3 = "Table 3, rows {}: BLEU on newstest2013, no dates"
RESULTS: dict[str, Result] = {
    "dates": {
        "title": "Transformer, dates to ISO 8601",
        "paper_where": DATES,
        "target": Target(text="over 99 %", low=99.0),
    },
    "dates_gru": {"title": "GRU with attention, dates to ISO 8601", "paper_where": DATES},
    "multi30k": {
        "title": "Transformer, Multi30k German to English",
        "paper_where": WMT,
    },
    "multi30k_large": {
        "title": "Transformer of 3 + 3 layers, width 256, Multi30k German to English",
        "paper_where": WMT,
        "target": Target(text="at least 33 BLEU", low=33.0),
    },
    "multi30k_gru": {
        "title": "GRU with attention, Multi30k German to English",
        "paper_where": "no recurrent model of this size in the paper",
    },
    "german_tuned": {
        "title": "500 German dates, tuned from the English model",
        "paper_where": DATES,
        "start_from": "dates",
    },
    "german_scratch": {"title": "500 German dates, from new weights", "paper_where": DATES},
    "german_full": {"title": "20,000 German dates, from new weights", "paper_where": DATES},
}
ABLATIONS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "base": ("4 heads, d_k 16, dropout 0.1, smoothing 0.1", "base", ()),
    "heads1": ("1 head", "A", ("heads=1",)),
    "heads2": ("2 heads", "A", ("heads=2",)),
    "heads8": ("8 heads", "A", ("heads=8",)),
    "heads16": ("16 heads", "A", ("heads=16",)),
    "dk2": ("d_k 2", "B", ("d_k=2",)),
    "dk4": ("d_k 4", "B", ("d_k=4",)),
    "dk8": ("d_k 8", "B", ("d_k=8",)),
    "layers1": ("1 layer each", "C", ("layers=1",)),
    "nodrop": ("no dropout", "D", ("dropout=0",)),
    "drop3": ("dropout 0.3", "D", ("dropout=0.3",)),
    "nosmooth": ("no label smoothing", "D", ("label_smoothing=0",)),
    "smooth3": ("label smoothing 0.3", "D", ("label_smoothing=0.3",)),
    "learned": ("learned positions", "E", ("learned_positions=true",)),
}
"""What is changed, the rows of Table 3, and the change to the configuration `ablation`."""
for _name, (_what, _row, _overrides) in ABLATIONS.items():
    RESULTS[f"ablation_{_name}"] = {
        "title": f"dates, 600 updates: {_what}",
        "config": "ablation",
        "overrides": _overrides,
        "paper_where": TABLE_3.format(_row),
    }


def facts(config: TranslationConfig, runs: Mapping[int, SavedRun]) -> dict[str, Any]:
    """The fields of a receipt that RESULTS does not have."""
    train, test = load_pairs(config.task, "train", examples=config.examples), load_pairs(config.task, "test")
    coder = make_coder(config.task, train, config.vocabulary)
    measured = "bleu" if config.task == "multi30k" else "exact_match"
    nll = ", ".join(f"{seed}: {run.metrics['val_nll']:.4f}" for seed, run in runs.items())
    count = sum(p.numel() for p in build_model(config, len(coder)).parameters())
    return {
        "measured": measured,
        "metric": "BLEU" if measured == "bleu" else "exact match",
        "unit": "" if measured == "bleu" else "%",
        "dataset": f"{train.about} and {test.about}",
        "notes": f"{count:,} parameters; validation loss per token of the last weights, by seed: {nll}",
    }


def reproduce(
    folder: Path,
    *,
    seeds: Sequence[int] = (0,),
    only: Sequence[str] | None = None,
    overrides: Sequence[str] = (),
    replace: bool = False,
) -> list[Receipt]:
    """Every number of the chapter, one training a seed. A run that was interrupted is continued, a finished one is taken
    as it is. The receipts are written one by one. Without `only`, `multi30k_large` is trained where there is a GPU."""
    torch.set_num_threads(1)  # sums then have one order
    wanted = only or [name for name in RESULTS if name != "multi30k_large" or GPU]
    return reproduce_results(
        RESULTS,
        main,
        CONFIG,
        facts,
        folder,
        configs=CONFIGS,
        seeds=seeds,
        only=wanted,
        overrides=overrides,
        replace=replace,
    )


if __name__ == "__main__":
    for metric, value in train_command(main, CONFIG, CONFIGS, chapter="07", about=__doc__).items():
        print(f"{metric:<24} {value:.3f}")
