"""A network trained by others, through its name table, at every level."""

from __future__ import annotations

from pathlib import Path

import load_cifar_resnet
import numpy as np
import pytest
import torch
from load_cifar_resnet import cifar_name_table, error_at, load_cifar_checkpoint, normalised
from resnet_paper import CifarResNet, init_resnet
from safetensors.torch import save_file

from utils.checkpoints import CheckpointError
from utils.data_loaders import data_folder, load_dataset, missing_files
from utils.ladder import load_ladders

PUBLISHED = data_folder() / "checkpoints" / "resnet20_cifar10.safetensors"


@pytest.fixture
def theirs() -> dict[str, torch.Tensor]:
    """A network of 8 layers under the names of the file, without counters."""
    model = CifarResNet(8)
    init_resnet(model, torch.Generator().manual_seed(0))
    state = {name.replace("fc.", "linear."): value for name, value in model.state_dict().items()}
    return {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}


def test_their_names_become_ours_at_every_level(theirs: dict[str, torch.Tensor], tmp_path: Path) -> None:
    """The classifier is called otherwise; all levels give the logits of a module that loads the file itself."""
    save_file(theirs, tmp_path / "model.safetensors")
    params = load_cifar_checkpoint(tmp_path, depth=8)
    np.testing.assert_array_equal(params["fc.weight"], theirs["linear.weight"].numpy())
    model = CifarResNet(8).eval()
    model.load_state_dict({name.replace("linear.", "fc."): value for name, value in theirs.items()}, strict=False)
    batch = normalised(
        {"images": np.random.default_rng(0).integers(0, 256, (4, 3, 32, 32), dtype=np.uint8), "labels": np.arange(4)}
    )
    with torch.no_grad():
        want = model(torch.tensor(batch["images"])).numpy()
    ladder = load_ladders("05")["cifar_resnet"]
    for level in ladder.builders:
        trainer = ladder.level(level, depth=8, width=16, in_channels=3, classes=10).start(params)
        np.testing.assert_allclose(trainer.predict(batch)["logits"], want, rtol=1e-4, atol=1e-5, err_msg=level)


def test_pixels_are_normalised_per_colour() -> None:
    white = normalised({"images": np.full((1, 3, 2, 2), 255, np.uint8), "labels": np.zeros(1, np.int64)})["images"]
    np.testing.assert_allclose(white[0, :, 0, 0], [0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225], rtol=1e-6)
    assert white.dtype == np.float32


def test_what_does_not_fit_is_refused(theirs: dict[str, torch.Tensor], tmp_path: Path) -> None:
    save_file(theirs, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"no ResNet-20 for CIFAR-10: .* missing layer1\.1\.conv1\.weight"):
        load_cifar_checkpoint(tmp_path)
    names = list(CifarResNet(20).state_dict())
    assert [name for entry in cifar_name_table(names).table.values() for name in entry.ours] == names


@pytest.mark.skipif(
    not PUBLISHED.exists() or bool(missing_files("cifar-10", "test")),
    reason="the published ResNet-20 or the test images of CIFAR-10 are not in RUNGS_DATA",
)
def test_the_published_network_is_right_on_the_first_images() -> None:
    """The first 100 test images at every level. Without its normalisation it would guess."""
    params = load_cifar_checkpoint(PUBLISHED)
    test = {name: array[:100] for name, array in load_dataset("cifar-10", "test").arrays.items()}
    errors = {level: error_at(params, level, test) for level in load_ladders("05")["cifar_resnet"].builders}
    assert set(errors.values()) == {min(errors.values())}
    assert errors["numpy"] <= 12.0


def test_measuring_gives_a_receipt_for_each_level(
    theirs: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_cifar_resnet, "load_cifar_checkpoint", lambda path: {})
    monkeypatch.setattr(load_cifar_resnet, "load_dataset", lambda name, split: load_dataset("digits", split))
    monkeypatch.setattr(load_cifar_resnet, "error_at", lambda params, level, test: float(len(level)))
    receipts = load_cifar_resnet.measure(tmp_path)
    assert {receipt.name: receipt.mean for receipt in receipts} == {
        "published_resnet20_numpy": 5.0,
        "published_resnet20_pytorch_lowlevel": 16.0,
        "published_resnet20_paper": 5.0,
    }
