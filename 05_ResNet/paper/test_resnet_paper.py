"""Data, schedule, training, switches, and what a trained network shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import evaluate_resnet
import numpy as np
import plot_resnet
import pytest
import torch
import train_resnet
from resnet_data import Images, as_bchw, augment, load_images, prepare
from resnet_paper import CifarResNet, PadShortcut, ResNet
from torch.nn import functional as F

from utils.config import ConfigError, load_config
from utils.ladder import load_ladders
from utils.levels.arrays import as_float32
from utils.runs import read_log

# ---- data and schedule ----


def test_preparation() -> None:
    """The mean image is subtracted, and all pixels together have variance 1."""
    data = load_images("digits", held_out=100)
    images = prepare(data.train, data)["images"]
    np.testing.assert_allclose(images.mean(axis=0), 0.0, atol=1e-5)
    assert float(images.var()) == pytest.approx(1.0, rel=1e-4)
    assert images.dtype == np.float32


def test_parts_do_not_overlap() -> None:
    every = load_images("digits", held_out=0).train["images"]
    data = load_images("digits", held_out=100, train_images=50)
    np.testing.assert_array_equal(data.held_out["images"], every[-100:])
    np.testing.assert_array_equal(data.train["images"], every[:50])
    with pytest.raises(ValueError, match="has 1338 training images beside 100 held out, asked for 1339"):
        load_images("digits", held_out=100, train_images=1339)


def test_a_crop_is_a_shifted_image() -> None:
    rng = np.random.default_rng(0)
    images = rng.normal(size=(50, 2, 5, 7))
    crops = augment(images, rng, padding=2, flip=False)
    assert crops.shape == images.shape
    assert not np.shares_memory(crops, images)
    padded = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)))
    places = [
        [(i, j) for i in range(5) for j in range(5) if np.array_equal(crop, padded[n, :, i : i + 5, j : j + 7])]
        for n, crop in enumerate(crops)
    ]
    assert all(len(found) == 1 for found in places)
    assert len({found[0] for found in places}) > 15  # of 25 shifts
    mirrored = augment(images, rng, padding=0)
    flipped = [np.array_equal(a, b[:, :, ::-1]) for a, b in zip(mirrored, images, strict=True)]
    assert 10 < sum(flipped) < 40
    again = augment(images, rng, padding=0)
    assert flipped != [np.array_equal(a, b[:, :, ::-1]) for a, b in zip(again, images, strict=True)]


def test_training_sees_augmented_images(tmp_path: Path) -> None:
    losses = set()
    for padding, flip in ((0, False), (1, False), (0, True), (1, True)):
        changes = ["steps=1", f"crop_padding={padding}", f"flip={flip}"]
        folder = tmp_path / f"{padding}{flip}"
        train_resnet.main(load_config("tiny", train_resnet.CONFIG, changes, folder=train_resnet.CONFIGS), folder)
        losses.add(read_log(folder)[0]["loss"])
    assert len(losses) == 4


def test_every_batch_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A last batch of one image would have no variance; 50 images give one batch of 32 an epoch."""
    counts = []
    monkeypatch.setattr(train_resnet, "augment", lambda images, rng, **_: counts.append(len(images)) or images)
    changes = ["steps=3", "train_images=50"]
    train_resnet.main(load_config("tiny", train_resnet.CONFIG, changes, folder=train_resnet.CONFIGS), tmp_path)
    assert counts == [32, 32, 32]


def test_pooled_images() -> None:
    images = np.arange(16, dtype=np.uint8).reshape(1, 1, 4, 4)
    np.testing.assert_array_equal(as_bchw(images, 2)[0, 0], [[2, 4], [10, 12]])  # 2.5, 4.5, 10.5, 12.5 to even
    with pytest.raises(ValueError, match="image_size 3 must divide"):
        as_bchw(images, 3)


def test_the_schedule_of_the_paper() -> None:
    config = load_config("resnet110", train_resnet.CONFIG, folder=train_resnet.CONFIGS)
    steps = (0, 399, 400, 31_999, 32_000, 48_000, 63_999)
    rates = [train_resnet.learning_rate(config, step) for step in steps]
    assert rates == pytest.approx([0.01, 0.01, 0.1, 0.1, 0.01, 0.001, 0.001])
    assert (config.steps, config.batch_size) == (64_000, 128)
    assert train_resnet.start_options(config, "numpy") == {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4}


def test_the_network_is_that_of_the_configuration() -> None:
    """A plain network stays plain whatever the shortcut option: its parameters would fit either."""
    config = load_config("tiny", train_resnet.CONFIG, folder=train_resnet.CONFIGS)
    sizes = {"depth": 8, "width": 4, "in_channels": 1, "classes": 10}
    for network, option, built in (("cifar_resnet", "A", "A"), ("cifar_resnet", "B", "B"), ("plain", "A", "none")):
        changed = config.model_copy(update={"network": network, "option": option})
        assert train_resnet.model_sizes(changed) == sizes | {"option": built}
    colours = load_config("resnet110", train_resnet.CONFIG, folder=train_resnet.CONFIGS)
    level = load_ladders("05")["cifar_resnet"].level("paper", **train_resnet.model_sizes(colours))
    assert level.fresh(np.random.default_rng(0))["conv1.weight"].shape == (16, 3, 3, 3)


def test_bad_configurations_are_refused() -> None:
    for change, message in (("depth=21", "6n"), ("lr_drops=[20, 10]", "rise"), ("widht=8", "did you mean 'width'")):
        with pytest.raises(ConfigError, match=message):
            load_config("tiny", train_resnet.CONFIG, [change], folder=train_resnet.CONFIGS)


def test_resume_continues_exactly(tmp_path: Path) -> None:
    """Stopped at half and continued, a run ends with the errors of a run that was not."""
    config = load_config("tiny", train_resnet.CONFIG, ["steps=8", "eval_every=4"], folder=train_resnet.CONFIGS)
    whole = train_resnet.main(config, tmp_path / "whole")

    def stop(*_: Any, **__: Any) -> float:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        rate = train_resnet.learning_rate
        patch.setattr(train_resnet, "learning_rate", lambda c, step: stop() if step == 6 else rate(c, step))
        with pytest.raises(KeyboardInterrupt):
            train_resnet.main(config, tmp_path / "parts")
    assert train_resnet.main(config, tmp_path / "parts", resume=True) == whole


# ---- results ----


def test_every_result_has_a_configuration_and_every_receipt_is_a_result() -> None:
    configs = {path.stem for path in train_resnet.CONFIGS.glob("*.yaml")}
    receipts = {path.stem for path in (train_resnet.CONFIGS.parent / "results").glob("*.json")}
    assert {result.get("config") for result in train_resnet.RESULTS.values()} <= configs
    published = {f"published_resnet20_{level}" for level in ("numpy", "pytorch_lowlevel", "paper")}
    assert receipts <= train_resnet.RESULTS.keys() | published


def test_every_network_of_table_6_has_its_number_and_a_title(monkeypatch: pytest.MonkeyPatch) -> None:
    """Table 6, and no title that was made of settings that are not there."""
    monkeypatch.setattr(train_resnet, "both_sources", lambda name: name)
    numbers = {"resnet20": 8.75, "resnet32": 7.51, "resnet44": 7.17, "resnet56": 6.97, "resnet110": 6.43}
    for path in train_resnet.CONFIGS.glob("resnet*.yaml"):
        config = load_config(path.stem, train_resnet.CONFIG, folder=train_resnet.CONFIGS)
        assert train_resnet.facts(config, {})["title"] == f"ResNet-{config.depth}"
        result = train_resnet.RESULTS[f"{path.stem}_held_out"]
        assert result.get("paper_value") == numbers.pop(path.stem)
        target = result.get("target")
        assert target is not None
        assert target.text == f"at most {target.high} %, on held-out training images"
    assert not numbers


@pytest.mark.parametrize("gpu", [False, True])
def test_a_run_gives_three_receipts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: bool) -> None:
    """At full size where there is a GPU; the paper's number is compared with errors on images that were not seen."""
    tiny = (train_resnet.CONFIGS / "tiny.yaml").read_text(encoding="utf-8").replace("steps: 40", "steps: 1")
    for name in (*train_resnet.PAPER, *train_resnet.SMALL):
        (tmp_path / f"{name}.yaml").write_text(tiny, encoding="utf-8")
    monkeypatch.setattr(train_resnet, "CONFIGS", tmp_path)
    monkeypatch.setattr("utils.reproduction.write_receipt", lambda receipt: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    receipts = {receipt.name: receipt for receipt in train_resnet.reproduce(tmp_path / "runs")}
    expected = list(train_resnet.PAPER if gpu else train_resnet.SMALL)
    assert list(receipts) == [f"{name}_{part}" for name in expected for part in ("train", "held_out", "test")]
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {f"{name}-0" for name in expected}
    numbers = {name: receipt.paper_value for name, receipt in receipts.items() if receipt.paper_value is not None}
    targets = {name: receipt.target.high for name, receipt in receipts.items() if receipt.target is not None}
    errors = {name: error for name, (error, _) in train_resnet.PAPER.items() if error is not None}
    unseen = {f"{name}_{part}": error for name, error in errors.items() for part in ("held_out", "test")}
    assert numbers == (unseen if gpu else {})
    assert targets == ({name: value for name, value in unseen.items() if "held_out" in name} if gpu else {})
    (one,) = train_resnet.reproduce(tmp_path / "runs", only=[f"{expected[-1]}_test"])
    assert one.values == receipts[one.name].values


# ---- switches ----


@pytest.mark.parametrize(
    ("switch", "dtype", "channels_last", "tolerance"),
    [
        ({}, torch.float32, False, 0.0),
        ({"channels_last": True}, torch.float32, True, 1e-4),
        ({"amp": True}, torch.bfloat16, False, 0.05),
        ({"amp": True, "channels_last": True}, torch.bfloat16, True, 0.05),
    ],
)
def test_switches_compute_the_same(
    switch: dict[str, bool], dtype: torch.dtype, channels_last: bool, tolerance: float
) -> None:
    """Another memory layout changes nothing but rounding, and bfloat16 stays within its three digits; weights and feature
    maps show that each is really used."""
    ladder = load_ladders("05")["cifar_resnet"]
    rng = np.random.default_rng(0)
    params, batch = as_float32(ladder.random_params(rng)), ladder.batch(rng)
    plain: Any = ladder.levels["paper"].start(params, lr=0.01)
    fast: Any = ladder.levels["paper"].start(params, lr=0.01, **switch)
    maps: list[torch.Tensor] = []
    conv = fast.inner.layer1[0].conv2
    conv.register_forward_hook(lambda module, inputs, y: maps.append(y))
    for _ in range(2):
        assert fast.step(batch) == pytest.approx(plain.step(batch), rel=tolerance)
    assert [y.dtype for y in maps] == [dtype, dtype]
    for tensor in (*maps, conv.weight):
        assert tensor.is_contiguous(memory_format=torch.channels_last) == channels_last
    assert all(v.dtype == np.float32 or v.ndim == 0 for v in fast.params().values())


# ---- the networks ----


def stride_of(model: torch.nn.Module, name: str) -> tuple[int, ...]:
    return model.get_submodule(name).stride  # type: ignore[return-value]  # pyright: ignore


def test_option_a_by_hand() -> None:
    """Two channels become five: one channel of zeros before, two behind; every second pixel stays."""
    x = torch.arange(18.0).reshape(1, 2, 3, 3) + 1.0
    want = torch.zeros(1, 5, 2, 2)
    want[:, 1:3] = x[:, :, ::2, ::2]
    assert torch.equal(PadShortcut(2, 5, 2)(x), want)


def test_stride_of_the_bottleneck() -> None:
    with torch.device("meta"):
        model = ResNet(50)
    assert stride_of(model, "layer2.0.conv1") == (1, 1)
    assert stride_of(model, "layer2.0.conv2") == (2, 2)


def test_statistics_are_those_of_the_whole_batch() -> None:
    """The first normalisation has seen all images together and not two halves one after another."""
    net = CifarResNet(8, width=2)
    images = torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * torch.arange(6.0)[:, None, None, None]
    with torch.no_grad():
        net.train()(images)
        every = net.conv1(images).var(dim=(0, 2, 3))
    torch.testing.assert_close(net.bn1.running_var, 0.9 + 0.1 * every)


def test_bad_input_is_refused() -> None:
    net = CifarResNet(8, width=2)
    for run, message in [
        (lambda: CifarResNet(21), r"6n \+ 2.*got 21"),
        (lambda: ResNet(35), "no depth 35"),
        (lambda: CifarResNet(8, option="D"), "unknown shortcut option 'D'"),
        (lambda: net(torch.zeros(2, 3, 3, 8)), "H and W of at least 4"),
        (lambda: net(torch.zeros(1, 3, 4, 4)), "more than 1 value per channel"),  # torch's own, at 1x1 in layer3
    ]:
        with pytest.raises(ValueError, match=message):
            run()


def test_images_hold_what_a_receipt_needs() -> None:
    data = load_images("digits", held_out=100)
    assert isinstance(data, Images)
    assert "digits" in data.source


# ---- evaluation and figures ----


def test_evaluation_and_figures(tmp_path: Path) -> None:
    """A run that is read again has the errors it ended with; every figure is drawn from runs of either kind."""
    config = load_config("tiny", train_resnet.CONFIG, ["steps=4", "eval_every=2"], folder=train_resnet.CONFIGS)
    for network in ("plain", "cifar_resnet"):
        ended = train_resnet.main(config.model_copy(update={"network": network}), tmp_path / network)
        assert evaluate_resnet.evaluate(tmp_path / network) == ended
    paths = plot_resnet.plot(tmp_path, tmp_path / "figures", {"plain-8": "plain", "ResNet-8": "cifar_resnet"})
    assert all(path.stat().st_size > 1000 for path in paths)


def test_evaluation_without_held_out_images(tmp_path: Path) -> None:
    config = load_config("tiny", train_resnet.CONFIG, ["steps=1", "held_out=0"], folder=train_resnet.CONFIGS)
    ended = train_resnet.main(config, tmp_path)
    assert ended.keys() == {"train_error", "test_error"}
    assert evaluate_resnet.evaluate(tmp_path) == ended


def test_responses_are_those_of_the_layers() -> None:
    """One number for each normalisation but the shortcuts', measured by hand for the first."""
    net = CifarResNet(8, width=2, option="B").eval()
    images = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    found = evaluate_resnet.layer_responses(net, images)
    assert len(found) == 7
    with torch.no_grad():
        assert found[0] == pytest.approx(float(net.bn1(net.conv1(images)).std()))


def test_gradients_are_those_of_training() -> None:
    """One for the stem and for each block; the last by hand, through pooling and the classifier."""
    net = CifarResNet(8, width=2).eval()
    images, labels = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(5)
    found = evaluate_resnet.layer_gradients(net, images, labels)
    assert len(found) == 4
    assert net.bn1.num_batches_tracked == 1  # the statistics were those of the batch
    with torch.no_grad():
        wrong = (net.train()(images).softmax(dim=1) - F.one_hot(labels, 10)) / 5
        want = (wrong @ net.fc.weight)[:, :, None, None].expand(-1, -1, 2, 2) / 4
    np.testing.assert_allclose(found[-1], want.numpy(), rtol=1e-4, atol=1e-7)
