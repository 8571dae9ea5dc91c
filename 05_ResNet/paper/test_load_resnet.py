"""Checkpoints, and the full-size networks against torchvision, timm and transformers."""

from __future__ import annotations

import copy
import dataclasses
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from load_resnet import load_checkpoint, name_table, transformers_name
from resnet_paper import ResNet
from safetensors.torch import save_file
from torch.nn import functional as F

from utils.checkpoints import CheckpointError
from utils.ladder import Params, load_ladders
from utils.levels import ModuleLevel
from utils.levels.names import NameTable
from utils.parity.compare import compare_results

FULL = dataclasses.replace(load_ladders("05")["resnet18"], activations=())
SIZES: dict[str, Any] = {"width": 64, "classes": 11}

# ---- full size ----


def theirs(source: str, depth: int, classes: int = 11) -> torch.nn.Module:
    """A reference with random weights, scales and statistics, float64."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(depth)
        if source == "torchvision":
            import torchvision

            model = getattr(torchvision.models, f"resnet{depth}")(num_classes=classes)
        elif source == "timm":
            import timm

            model = timm.create_model(f"resnet{depth}", num_classes=classes)
        else:
            from transformers import ResNetConfig, ResNetForImageClassification

            config = ResNetConfig(depths=[2, 2, 2, 2], hidden_sizes=[64, 128, 256, 512], layer_type="basic")
            config.num_labels = classes
            model = ResNetForImageClassification(config)
        for name, value in model.state_dict().items():
            if name.endswith(("running_var", "weight")) and value.ndim == 1:
                value.uniform_(0.5, 1.5)
            elif value.ndim == 1:
                value.normal_(std=0.3)
    return model.double()


class Reference(ModuleLevel):
    """A network of a library; `names` has what it calls our parameters."""

    def __init__(self, module: torch.nn.Module, names: NameTable) -> None:
        super().__init__(FULL, importlib.import_module, {})
        self.module, self.names = module, names

    def build(self):
        return copy.deepcopy(self.module)

    def forward(self, model, batch, training):
        logits = model(batch["images"])
        return {"logits": getattr(logits, "logits", logits)}

    def loss(self, model, outputs, batch):
        return F.cross_entropy(outputs["logits"], batch["labels"])


def images_and_labels(examples: int = 2, size: int = 33) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {"images": rng.normal(size=(examples, 3, size, size + 4)), "labels": rng.integers(0, 11, examples)}


@pytest.mark.parametrize(
    ("source", "depth"),
    [("torchvision", 18), ("timm", 18), ("timm", 34), ("timm", 50), ("transformers", 18)],
)
def test_full_size_network_is_the_references(source: str, depth: int, tmp_path: Path) -> None:
    """Saved by the reference, loaded by name: logits, loss, every gradient and every buffer agree, in both modes; the
    deeper ones in training mode, for evaluation does nothing to their blocks that it does not do to those of 18 layers
    and of the `bottleneck` ladder."""
    model = theirs(source, depth)
    file = tmp_path / "model.safetensors"
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, file)
    params = load_checkpoint(tmp_path, depth=depth, source=source, classes=11)
    level, reference = FULL.level("paper", depth=depth, **SIZES), Reference(model, name_table(source, params))
    batch = images_and_labels()
    for training in (True, False) if depth == 18 else (True,):
        got, want = (each.run(params, batch, training=training) for each in (level, reference))
        bad = [f"{f.what}: {f.message}" for f in compare_results(got, want) if not f.ok]
        assert not bad, bad[:5]


def test_a_checkpoint_runs_at_every_level(tmp_path: Path) -> None:
    model = theirs("timm", 18).eval()
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    params = load_checkpoint(tmp_path / "model.safetensors", depth=18, classes=11)
    batch = {"images": images_and_labels()["images"]}
    with torch.no_grad():
        want = model(torch.tensor(batch["images"])).numpy()
    for name in FULL.builders:
        got = FULL.level(name, **SIZES).start(params).predict(batch)["logits"]
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-11, err_msg=name)


# ---- checkpoints that do not fit ----


@pytest.fixture(scope="module")
def resnet18_state() -> dict[str, torch.Tensor]:
    with torch.random.fork_rng(devices=[]):
        return ResNet(18, classes=11).state_dict()


def loaded(tensors: dict[str, torch.Tensor], folder: Path, **options: Any) -> Params:
    save_file(tensors, folder / "model.safetensors")
    return load_checkpoint(folder, **{"depth": 18, "classes": 11, **options})


def test_wrong_and_partial_checkpoints_are_refused(resnet18_state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    state = resnet18_state
    partial = {name: value for name, value in state.items() if not name.startswith("layer4.1.conv2")}
    with pytest.raises(CheckpointError, match=r"missing layer4.1.conv2.weight, not used none"):
        loaded(partial, tmp_path)
    with pytest.raises(CheckpointError, match=r"missing none, not used head.weight"):
        loaded(state | {"head.weight": torch.zeros(2)}, tmp_path)
    with pytest.raises(
        CheckpointError, match=r"with 1000 classes: fc.weight has shape \(11, 512\) there, expected \(1000, 512\)"
    ):
        loaded(state, tmp_path, classes=1000)
    with pytest.raises(CheckpointError, match=r"no ResNet-50 of timm .*: missing .* and \d+ more"):
        loaded(state, tmp_path, depth=50)
    with pytest.raises(CheckpointError, match=r"of transformers .*: missing resnet\.embedder"):
        loaded(state, tmp_path, source="transformers")
    with pytest.raises(
        CheckpointError, match=r"conv1.weight has shape \(64, 3, 3, 3\) there, expected \(64, 3, 7, 7\)"
    ):
        loaded(state | {"conv1.weight": torch.zeros(64, 3, 3, 3)}, tmp_path)
    with pytest.raises(ValueError, match="unknown source 'keras'"):
        loaded(state, tmp_path, source="keras")
    with pytest.raises(CheckpointError, match="no file"):
        load_checkpoint(tmp_path / "absent.safetensors", depth=18)
    (tmp_path / "model.safetensors").write_bytes(b"not one")
    with pytest.raises(CheckpointError, match="cannot be read as safetensors"):
        load_checkpoint(tmp_path, depth=18)


def test_old_files_without_counters_load(resnet18_state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    old = {name: value for name, value in resnet18_state.items() if "num_batches" not in name}
    params = loaded(old, tmp_path)
    assert list(params) == list(resnet18_state)
    assert params["bn1.num_batches_tracked"] == 0


def test_tables_use_each_name_once() -> None:
    with torch.device("meta"):
        names = list(ResNet(50).state_dict())
    for source in ("torchvision", "timm", "transformers"):
        assert [name for theirs in name_table(source, names).table.values() for name in theirs.ours] == names
    assert (
        transformers_name("layer2.0.downsample.1.bias")
        == "resnet.encoder.stages.1.layers.0.shortcut.normalization.bias"
    )
