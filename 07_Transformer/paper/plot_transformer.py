"""The chapter's figures, written to `figures/`, from runs that `rungs reproduce 07` left behind.

python 07_Transformer/paper/plot_transformer.py --runs runs/reproduce/07
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from evaluate_transformer import trained, translate
from recipe_paper import transformer_schedule
from transformer_paper import BOS, EOS, MultiHeadAttention, Transformer, sinusoids

from utils.figures.curves import curve_panels, curves
from utils.figures.saving import save
from utils.figures.tables import heat_maps
from utils.runs import read_log
from utils.saved_runs import finished_seeds
from utils.scripts import plot_command

FIGURES = Path(__file__).parents[1] / "figures"
DATE = "Saturday, the third of May 1997"
CAPTION = "ein mann in einem blauen hemd steht auf einer leiter und putzt ein fenster."


def plot_positions(folder: Path, *, length: int = 100, d_model: int = 128) -> list[Path]:
    """The sinusoids, and how alike the vectors of two positions are: it depends on their distance alone (section 3.5)."""
    table = sinusoids(length, d_model).numpy()
    positions = heat_maps(
        {"": table},
        columns=1,
        limits=(-1, 1),
        xlabel="column of the embedding: sines at even places, cosines at odd ones",
        ylabel="position",
        title="Positional encoding",
    )
    alike = heat_maps(
        {"": table @ table.T / (d_model / 2)},
        columns=1,
        xlabel="position",
        ylabel="position",
        title="Product of the encodings of two positions, divided by that of one with itself",
    )
    return [save(positions, folder / "positions.png"), save(alike, folder / "positions_product.png")]


def plot_schedule(folder: Path, steps: int = 20_000) -> Path:
    """Equation 3 for the two widths of Table 3, and for base with half and with twice the warm-up."""
    at = np.arange(1, steps + 1, 50)
    settings = {"base: width 512, warm-up 4,000": (512, 4000), "big: width 1,024, warm-up 4,000": (1024, 4000)}
    settings |= {"width 512, warm-up 2,000": (512, 2000), "width 512, warm-up 8,000": (512, 8000)}
    series = {name: (at, [transformer_schedule(int(step), *given) for step in at]) for name, given in settings.items()}
    figure = curves(series, xlabel="update", ylabel="learning rate", title="Learning rate (equation 3)")
    return save(figure, folder / "schedule.svg")


@torch.no_grad()
def attention_of(model: Transformer, source: list[int], target: list[int]) -> dict[str, np.ndarray]:
    """The attention weights of every attention while the model reads `source` and writes `target`, which begins with BOS.

    Returns: the attention's name -> (H, T, S)
    """
    weights: dict[str, np.ndarray] = {}
    hooks = []
    for name, module in model.named_modules():
        if isinstance(module, MultiHeadAttention):

            def watch(module: MultiHeadAttention, inputs: tuple, name: str = name) -> None:
                weights[name] = module.weights(*inputs)[0].numpy()

            hooks.append(module.register_forward_pre_hook(watch))  # pyright: ignore[reportArgumentType]
    try:
        model.eval()(torch.tensor([source]), torch.tensor([target]))
    finally:
        for hook in hooks:
            hook.remove()
    return weights


KINDS = {
    "encoder": ("attention", "Encoder: which token of the source (column) each token of the source (row) reads"),
    "decoder": ("self_attention", "Decoder: which token written so far (column) each position (row) reads"),
    "cross": ("cross_attention", "Decoder: which token of the source (column) each position of the target (row) reads"),
}


def plot_attention(
    run: Path, text: str, folder: Path, name: str, *, kinds: tuple[str, ...] = tuple(KINDS)
) -> list[Path]:
    """A panel for each head, a row of panels for each layer. A row of the decoder is named by the token that it predicts."""
    _, model, coder = trained(run)
    if not isinstance(model, Transformer):
        raise TypeError(f"attention by head is the Transformer's; the run in {run} trained a {type(model).__name__}")
    source = [*coder.encode(text), EOS]
    answer = coder.encode(translate(model, coder, [text])[0])
    weights = attention_of(model, source, [BOS, *answer])
    read, given, predicted = (
        [coder.show(id_).replace(" ", "\u00b7") for id_ in ids] for ids in (source, [BOS, *answer], [*answer, EOS])
    )
    paths = []
    for kind in kinds:
        part, title = KINDS[kind]
        found = {key: value for key, value in weights.items() if key.split(".")[2] == part}
        panels = {
            f"layer {int(key.split('.')[1]) + 1}, head {h + 1}": head
            for key, value in found.items()
            for h, head in enumerate(value)
        }
        names = {"encoder": (read, read), "decoder": (given, predicted), "cross": (read, predicted)}[kind]
        heads = len(next(iter(found.values())))
        figure = heat_maps(panels, x=names[0], y=names[1], columns=heads, limits=(0, 1), title=title)
        paths.append(save(figure, folder / f"attention_{name}_{kind}.png"))
    return paths


COMPARED = {"Transformer": "{}", "GRU with attention": "{}_gru"}
TASKS = {"dates": "Dates", "multi30k": "Multi30k"}


def plot_comparison(runs: Path, folder: Path) -> Path | None:
    """Training and validation loss of the two models on each task, the mean over the seeds that both have."""
    panels: dict[str, dict[str, tuple]] = {}
    for task, what in TASKS.items():
        names = {title: name.format(task) for title, name in COMPARED.items()}
        seeds = finished_seeds(runs, *names.values())
        if not seeds:
            continue
        told = f"mean of {len(seeds)} seeds" if len(seeds) > 1 else f"seed {seeds[0]}"
        logs = {title: [read_log(runs / f"{name}-{seed}") for seed in seeds] for title, name in names.items()}
        for key, kind in {"loss": "training loss, smoothed labels", "val_nll": "validation loss per token"}.items():
            panels[f"{what}, {kind} ({told})"] = {
                title: (
                    [record["step"] for record in several[0]],
                    np.mean([[record[key] for record in log] for log in several], axis=0),
                )
                for title, several in logs.items()
            }
    if not panels:
        return None
    figure = curve_panels(panels, xlabel="update", columns=2, share=False, title="Same size, same batches")
    return save(figure, folder / "comparison.svg")


def main(runs: Path, folder: Path = FIGURES) -> list[Path]:
    """Every figure whose run is there."""
    made: list[Path | None] = [*plot_positions(folder), plot_schedule(folder)]
    if (runs / "dates-0" / "results.json").exists():
        made += plot_attention(runs / "dates-0", DATE, folder, "dates")
    if (runs / "multi30k-0" / "results.json").exists():
        made += plot_attention(runs / "multi30k-0", CAPTION, folder, "multi30k", kinds=("cross",))
    made.append(plot_comparison(runs, folder))
    return [path for path in made if path is not None]


if __name__ == "__main__":
    plot_command(main, runs=Path("runs/reproduce/07"), figures=FIGURES, about=__doc__)
