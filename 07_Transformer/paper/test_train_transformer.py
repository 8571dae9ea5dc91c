import importlib
import inspect
import json
import math
import runpy
import sys

import evaluate_transformer
import numpy as np
import pytest
import torch
import train_transformer
from bpe_numpy import BytePairEncoder
from evaluate_transformer import bleu, exact_match, mean_nll, trained, translate, with_params
from plot_transformer import attention_of, plot_attention, plot_comparison, plot_positions, plot_schedule
from recipe_paper import smoothed_cross_entropy, transformer_schedule
from train_transformer import ABLATIONS, CONFIG, CONFIGS, RESULTS, DrawingLevel, level_of, main, reproduce
from transformer_paper import Transformer, base, big
from translation_data import encode_pairs, load_pairs, make_batch
from translator_paper import build_model

from utils.checkpoints import CheckpointError, load_checkpoint
from utils.config import ConfigError, load_config
from utils.ladder import load_ladders
from utils.runs import Run, read_log


def config(name="tiny", *overrides):
    return load_config(name, CONFIG, overrides, folder=CONFIGS)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Finished runs as `reproduce` leaves them, but tiny."""
    folder = tmp_path_factory.mktemp("runs")
    main(config("tiny", "d_model=8", "average=2"), folder / "dates-0")
    main(config("tiny", "model=gru", "hidden=6", "d_model=8"), folder / "dates_gru-0")
    return folder


def test_every_configuration_can_be_read_and_every_result_has_one():
    names = {path.stem for path in CONFIGS.glob("*.yaml")}
    for name in names:
        config(name)
    for name, told in RESULTS.items():
        config(told.get("config", name), *told.get("overrides", ()))
    fields = [json.dumps(config("ablation", *overrides).model_dump()) for _, _, overrides in ABLATIONS.values()]
    assert len(set(fields)) == len(fields)


@pytest.mark.parametrize("task", ["dates", "multi30k"])
def test_the_compared_models_have_as_many_parameters_and_the_same_budget(task):
    ours, theirs = config(task), config(f"{task}_gru")
    counts = [sum(p.numel() for p in build_model(c, c.vocabulary).parameters()) for c in (ours, theirs)]
    assert counts[1] == pytest.approx(counts[0], rel=0.01)
    apart = {"model", "layers", "heads", "d_ff", "hidden"}
    assert ours.model_dump(exclude=apart) == theirs.model_dump(exclude=apart)


@pytest.mark.parametrize("name", ["dates", "multi30k", "multi30k_large"])
def test_warm_up_and_batches_are_sized_for_short_runs(name):
    """The paper: 4,000 of 100,000 updates (section 5.3), 25,000 tokens of each language in a batch (section 5.1)."""
    given, paper = config(name), config("base")
    told = {"dates": (400, 1350), "multi30k": (600, 4096), "multi30k_large": (2000, 8192)}
    assert (given.warmup, given.tokens) == told[name]
    assert given.warmup < given.steps / 2 < paper.warmup  # the rate has time to fall, which 4,000 would not leave it


@pytest.mark.parametrize(("name", "build"), [("base", base), ("big", big)])
def test_base_and_big_are_table_3(name, build, monkeypatch):
    given = config(name)
    assert (given.warmup, given.label_smoothing, given.beam, given.alpha) == (4000, 0.1, 4, 0.6)  # 5.3, 5.4, 6.1
    assert given.average == {"base": 5, "big": 20}[name]
    assert given.steps == {"base": 100_000, "big": 300_000}[name]
    built = []
    defaults = {name: p.default for name, p in inspect.signature(Transformer.__init__).parameters.items()}
    for module in ("translator_paper", "transformer_paper"):
        monkeypatch.setattr(f"{module}.Transformer", lambda vocabulary, **given: built.append(defaults | given))
    build_model(given, 8000)
    build(8000)
    assert built[0] | {"max_length": 1024} == built[1]


def test_bad_configurations_are_named(monkeypatch):
    with pytest.raises(ConfigError, match="d_model 16 and 3 heads"):
        config("tiny", "heads=3")
    with pytest.raises(ConfigError, match="average = 3 checkpoints"):
        config("tiny", "average=3")
    with pytest.raises(ConfigError, match="task"):
        config("tiny", "task=wmt14")
    with pytest.raises(ConfigError, match="learned positions are the paper level's"):
        level_of(config("tiny", "learned_positions=true"), "numpy", 300, torch.Generator())
    with pytest.raises(ConfigError, match="gru is trained at the paper level"):
        level_of(config("tiny", "model=gru"), "numpy", 300, torch.Generator())
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ConfigError, match="device = cuda:1: torch finds no GPU here"):
        train_transformer.device_of(config("tiny", "device=cuda:1"), "paper")


def test_runs_that_are_not_there_or_do_not_fit_are_named(runs, tmp_path):
    with pytest.raises(CheckpointError, match="nowhere"):
        trained(tmp_path / "nowhere")
    for change in ("d_model=16", "model=gru"):
        other = config("tiny", change, f"start_from={runs / 'dates-0'}")
        with pytest.raises(ConfigError, match="that run has another model or other sizes than this one"):
            main(other, tmp_path / "other")


@pytest.mark.parametrize("level", ["numpy", "pytorch_lowlevel"])
def test_levels_train_alike_dropout_and_all(runs, tmp_path, level):
    """float32, so that losses differ in their last digits alone; the ladder proves the rest in float64."""
    main(config("tiny", "d_model=8", "average=2"), tmp_path / "run", level=level)
    for ours, paper in zip(read_log(tmp_path / "run"), read_log(runs / "dates-0"), strict=True):
        assert ours == pytest.approx(paper, rel=1e-5)


def drawing_level(given):
    sizes = {"config": given, "vocabulary": 259, "noise": torch.Generator()}
    return DrawingLevel(load_ladders("07")["transformer"], importlib.import_module, sizes)


def test_the_level_that_draws_its_own_masks_is_the_paper_level():
    """What a GPU trains: without dropout the same losses and weights, with it other masks in each step."""
    given = config("tiny", "dropout=0", "label_smoothing=0.3")
    batch = make_batch(*encode_pairs(load_pairs("dates-english", examples=7), BytePairEncoder()))
    params = {name: p.numpy().copy() for name, p in build_model(given, 259, torch.Generator()).state_dict().items()}
    ends, losses = [], []
    for level in (level_of(given, "paper", 259, torch.Generator()), drawing_level(given)):
        trainer = level.start(params, lr=0.01)
        losses.append([trainer.step(batch) for _ in range(3)])
        ends.append(trainer.params())
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    arrays = {name: torch.from_numpy(array) for name, array in batch.items()}
    logits = with_params(given, 259, params)(arrays["source"], arrays["target"])
    assert losses[0][0] == pytest.approx(smoothed_cross_entropy(logits, arrays["labels"], 0.3).item(), rel=1e-5)
    np.testing.assert_allclose(ends[0]["embedding.weight"], ends[1]["embedding.weight"], atol=1e-6)
    trainer = drawing_level(config("tiny", "dropout=0.5")).start(params, lr=0.0)
    assert len({trainer.step(batch) for _ in range(3)}) == 3


@pytest.mark.parametrize("model", ["transformer", "gru"])
def test_a_resumed_run_ends_with_the_same_weights(tmp_path, monkeypatch, model):
    given = config("tiny", f"model={model}", "hidden=6", "d_model=8", "steps=6", "dropout=0.3", "average=2")
    whole = main(given, tmp_path / "whole")
    plain, taken = Run.took_step, []

    class Stopped(Exception):  # noqa: N818
        pass

    def stop_in_the_fourth(self, *args, **kwargs):
        taken.append(1)
        if len(taken) == 4:
            raise Stopped
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(Run, "took_step", stop_in_the_fourth)
    with pytest.raises(Stopped):
        main(given, tmp_path / "halves")
    monkeypatch.setattr(Run, "took_step", plain)
    assert main(given, tmp_path / "halves", resume=True) == whole
    assert (tmp_path / "whole" / "log.jsonl").read_text() == (tmp_path / "halves" / "log.jsonl").read_text()
    first, second = (trained(tmp_path / name)[1].state_dict() for name in ("whole", "halves"))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_mean_of_the_last_checkpoints_is_evaluated(tmp_path):
    """Weights after 2 and after 4 updates, and the mean of both (section 6.1)."""
    states = {}
    for name, overrides in {"two": ("steps=2",), "four": (), "mean": ("average=2",)}.items():
        main(config("tiny", "d_model=8", "dropout=0", *overrides), tmp_path / name)
        states[name] = trained(tmp_path / name)[1].state_dict()
    for name, value in states["mean"].items():
        torch.testing.assert_close(value, (states["two"][name] + states["four"][name]) / 2, rtol=1e-6, atol=1e-7)


def test_the_last_checkpoint_counts_once_where_the_updates_do_not_divide(tmp_path):
    """Checkpoints after 2, 4 and 5 updates: the mean of one is the last, that of two leaves out the first."""
    states = {}
    for name, overrides in {"four": (), "one": ("steps=5",), "two": ("steps=5", "average=2")}.items():
        main(config("tiny", "d_model=8", "dropout=0", *overrides), tmp_path / name)
        states[name] = trained(tmp_path / name)[1].state_dict()
    last = load_checkpoint(tmp_path / "one" / "checkpoint.safetensors")[0]
    for name, value in states["one"].items():
        torch.testing.assert_close(value, torch.from_numpy(last[f"params.{name}"]))
        torch.testing.assert_close(states["two"][name], (states["four"][name] + value) / 2, rtol=1e-6, atol=1e-7)


def test_tuning_starts_from_the_weights_of_the_run(runs, tmp_path):
    start = f"start_from={runs / 'dates-0'}"
    tuned = config("tiny", "task=dates-german", "d_model=8", "steps=2", "average=1", start)
    main(tuned.model_copy(update={"lr_factor": 1e-12}), tmp_path / "tuned")
    first, second = (trained(runs / "dates-0")[0], trained(tmp_path / "tuned")[0])
    assert (first.task, second.task) == ("dates-english", "dates-german")
    before = load_checkpoint(runs / "dates-0" / "checkpoint.safetensors")[0]
    after = load_checkpoint(tmp_path / "tuned" / "checkpoint.safetensors")[0]
    np.testing.assert_allclose(after["params.embedding.weight"], before["params.embedding.weight"], atol=1e-9)


def test_a_run_takes_its_numbers_from_the_configuration(tmp_path, monkeypatch):
    """The learning rate of every update, dropout, and what is validated and tested on."""
    given = config("tiny", "d_model=8", "steps=3", "lr_factor=0.5", "dropout=0.25", "test_examples=5")
    rates, drops, validated, tested = [], [], [], []
    plain, masks = Run.took_step, train_transformer.with_masks

    def took_step(self, *args, lr):
        rates.append(lr)
        return plain(self, *args, lr=lr)

    def with_masks(batch, given, rng):
        drops.append(given.dropout)
        found = masks(batch, given, rng)
        assert {float(value) for value in np.unique(found["mask_encoder"])} == {0.0, 1 / 0.75}
        return found

    monkeypatch.setattr(Run, "took_step", took_step)
    monkeypatch.setattr(train_transformer, "with_masks", with_masks)
    monkeypatch.setattr(train_transformer, "mean_nll", lambda _, encoded: validated.append(encoded) or 0.0)
    monkeypatch.setattr(train_transformer, "quality", lambda *args: tested.append(args[3]) or {"exact_match": 0.0})
    main(given, tmp_path)
    assert rates == [0.5 * transformer_schedule(step, 8, warmup=2) for step in (1, 2, 3)]
    assert drops == [0.25] * 3
    coder = BytePairEncoder.load(tmp_path / "merges.json")
    assert validated[0] == encode_pairs(load_pairs("dates-english", "val", examples=5), coder)
    assert tested == [load_pairs("dates-english", "test", examples=5)]


def test_a_translation_is_searched_as_it_is_asked_for(runs, monkeypatch):
    _, model, coder = trained(runs / "dates-0")
    asked = []

    def search(model, source, **options):
        asked.append(options)
        return [[5] * 99 for _ in source]

    monkeypatch.setattr(evaluate_transformer, "beam_search", search)
    texts = ["May 3", "Saturday, the third of May 1997"]
    lengths = [len(coder.encode(text)) + 1 + 50 for text in texts]  # with eos, and 50 more (section 6.1)
    found = translate(model, coder, texts, beam=3, alpha=0.9)
    assert asked == [{"beam": 3, "alpha": 0.9, "max_length": max(lengths), "bos": 1, "eos": 2}]
    assert [len(text) for text in found] == lengths  # id 5 is one character


def test_qualities_by_hand():
    assert exact_match(["a", "b", "c"], ["a", "x", "c"]) == pytest.approx(200 / 3)
    assert bleu(["the cat sat on the mat ."], ["the cat sat on the mat ."]) == pytest.approx(100.0)
    # 5 words for 6: precisions 5/5, 4/4, 3/3, 2/2, brevity penalty exp(1 - 6/5)
    assert bleu(["the cat sat on the"], ["the cat sat on the mat"]) == pytest.approx(100 * math.exp(1 - 6 / 5))
    for quality in (exact_match, bleu):
        with pytest.raises(ValueError, match="2 translations and 1 references"):
            quality(["a", "b"], ["a"])


def test_mean_nll_is_the_loss_without_smoothing():
    given = config("tiny", "dropout=0")
    coder = BytePairEncoder()
    encoded = encode_pairs(load_pairs("dates-english", "val", examples=7), coder)
    model = build_model(given, len(coder), torch.Generator().manual_seed(1))
    params = {name: value.numpy() for name, value in model.state_dict().items()}
    trainer = level_of(given, "paper", len(coder), torch.Generator()).start(params)
    batch = {name: torch.from_numpy(array) for name, array in make_batch(*encoded).items()}
    expected = smoothed_cross_entropy(model.eval()(batch["source"], batch["target"]), batch["labels"], 0.0)
    assert mean_nll(trainer, encoded, rows=3) == pytest.approx(expected.item(), rel=1e-5)


def test_translations_come_in_the_order_of_their_sources(runs):
    _, model, coder = trained(runs / "dates-0")
    texts = load_pairs("dates-english", "test", examples=5).sources
    together = translate(model, coder, texts, beam=1, rows=2)
    assert together == [translate(model, coder, [text], beam=1)[0] for text in texts]


def test_scripts_run_from_the_command_line(runs, tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"
    monkeypatch.setattr(sys, "argv", ["train_transformer.py", "--out", str(out), "--set", "d_model=8"])
    runpy.run_path(str(CONFIGS.parent / "train_transformer.py"), run_name="__main__")
    assert "exact_match" in capsys.readouterr().out
    for extra, shown in (((), "exact_match"), (("--translate", "May 3, 1997"), "\n")):
        monkeypatch.setattr(sys, "argv", ["evaluate_transformer.py", str(runs / "dates-0"), *extra])
        runpy.run_path(str(CONFIGS.parent / "evaluate_transformer.py"), run_name="__main__")
        assert shown in capsys.readouterr().out


def test_attention_maps_are_what_the_model_computes(runs, tmp_path):
    _, model, coder = trained(runs / "dates-0")
    assert isinstance(model, Transformer)
    source, target = coder.encode("May 3, 1997"), [1, *coder.encode("1997")]
    weights = attention_of(model, source, target)
    assert list(weights) == ["encoder.0.attention", "decoder.0.self_attention", "decoder.0.cross_attention"]
    assert weights["decoder.0.cross_attention"].shape == (2, len(target), len(source))
    for array in weights.values():
        np.testing.assert_allclose(array.sum(-1), 1, rtol=1e-5)
    assert np.all(np.triu(weights["decoder.0.self_attention"][0], 1) == 0)
    paths = plot_attention(runs / "dates-0", "May 3, 1997", tmp_path, "dates", kinds=("decoder",))
    assert [path.name for path in paths] == ["attention_dates_decoder.png"]
    with pytest.raises(TypeError, match="GruTranslator"):
        plot_attention(runs / "dates_gru-0", "May 3, 1997", tmp_path, "dates")


def test_figures(runs, tmp_path):
    made = [
        *plot_positions(tmp_path, length=20, d_model=16),
        plot_schedule(tmp_path),
        plot_comparison(runs, tmp_path),
    ]
    assert all(path is not None and path.exists() for path in made)
    assert plot_comparison(tmp_path, tmp_path) is None


def test_reproduce_writes_a_receipt_for_each_result(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr("utils.reproduction.write_receipt", written.append)
    monkeypatch.setattr("train_transformer.CONFIGS", tmp_path / "configs")
    (tmp_path / "configs").mkdir()
    tiny = (CONFIGS / "tiny.yaml").read_text()
    for name in ("dates", "german_tuned", "ablation"):
        (tmp_path / "configs" / f"{name}.yaml").write_text(tiny)
    tuned = reproduce(tmp_path / "runs", seeds=(0, 3), only=["german_tuned"])[0]
    assert written == [tuned]
    assert list(tuned.values) == [0, 3]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "dates-0",
        "dates-3",
        "german_tuned-0",
        "german_tuned-3",
    ]
    assert "parameters" in tuned.notes
    again = reproduce(tmp_path / "runs", seeds=(0, 3), only=["german_tuned"])[0]
    assert again.values == tuned.values and again.wall_time_s == tuned.wall_time_s
