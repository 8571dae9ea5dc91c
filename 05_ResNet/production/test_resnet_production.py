"""The modifications do what they say, on real timm models: narrow ones, so that each test takes a moment."""

from __future__ import annotations

import copy
import json
import warnings
from typing import Any

import plot_resnet_production
import pytest
import resnet_options
import resnet_production
import timm
import torch
from resnet_paper import ResNet as OurResNet
from resnet_production import (
    FrozenBatchNorm2d,
    GeMPool,
    SeparableBlock,
    fine_tuning_groups,
    freeze_batch_norm,
    gem_head,
    grad_cam,
    module_outputs,
    separable_resnet18,
    small_image_stem,
    small_resnet,
    stage_outputs,
)
from timm.data.config import resolve_model_data_config
from timm.layers.norm_act import freeze_batch_norm_2d
from timm.models import register_model
from torch import nn
from torch.nn import functional as F

from utils.chapters import ROOT


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(count: int, size: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(count, 3, size, size, generator=generator(), dtype=dtype)


def scramble(model: Any) -> Any:
    """Every parameter and running statistic random, variances positive, so that nothing is hidden by a zero or a one."""
    g = generator(7)
    with torch.no_grad():
        for value in [*model.parameters(), *model.buffers()]:
            if value.dtype.is_floating_point:
                value.copy_(0.3 * torch.randn(value.shape, generator=g, dtype=torch.float64))
        for name, value in model.named_buffers():
            if name.endswith("running_var"):
                value.copy_(value.abs() + 0.5)
    return model


@pytest.fixture
def model() -> Any:
    return scramble(small_resnet().double())


# ---- ours, timm's and torchvision's are one model ----


def test_our_hundred_lines_are_timm_resnet():
    ours, theirs = OurResNet(18, width=64, classes=5).double(), timm.create_model("resnet18", num_classes=5).double()
    scramble(ours)
    theirs.load_state_dict(ours.state_dict())
    x = images(3, 37)
    for training in (True, False):
        torch.testing.assert_close(ours.train(training)(x), theirs.train(training)(x), rtol=1e-9, atol=1e-11)


# ---- stem ----


def test_the_small_stem_keeps_the_resolution_and_says_so(model):
    before = copy.deepcopy(model)
    changed = small_image_stem(model)
    assert changed is model
    x = images(2, 32)
    outputs = stage_outputs(model.eval(), x)
    assert [tuple(f.shape[2:]) for f in outputs.values()] == [(32, 32), (32, 32), (16, 16), (8, 8), (4, 4)]
    assert [info["reduction"] for info in model.feature_info] == [1, 1, 2, 4, 8]
    assert resolve_model_data_config(model)["input_size"] == (3, 32, 32)
    torch.testing.assert_close(model.conv1.weight, before.conv1.weight[:, :, 2:5, 2:5])
    for name, value in before.state_dict().items():
        if name != "conv1.weight":
            torch.testing.assert_close(model.state_dict()[name], value, rtol=0, atol=0)
    with pytest.raises(ValueError, match="conv1 to be a Conv2d, got Sequential"):
        small_image_stem(timm.create_model("resnet10t"))


# ---- pooling head ----


def test_gem_is_the_average_at_one_and_nears_the_maximum():
    x = images(2, 5).abs() + 0.1
    torch.testing.assert_close(GeMPool(1.0).double()(x), x.mean(dim=(2, 3)))
    torch.testing.assert_close(GeMPool(400.0).double()(x), x.amax(dim=(2, 3)), rtol=0.02, atol=0)
    pool = GeMPool(3.0).double()
    torch.testing.assert_close(pool(x), (x**3).mean(dim=(2, 3)) ** (1 / 3))
    assert torch.autograd.gradcheck(pool, (x.requires_grad_(),))
    assert torch.autograd.gradcheck(lambda p: F.relu(GeMPool(3.0).double().requires_grad_(False)(x)) * p, (pool.p,))


def test_gem_survives_large_and_zero_maps():
    pool = GeMPool(30.0)
    x = torch.tensor([[[[0.0, 1e4], [2.0, 1e-4]], [[0.0, 0.0], [0.0, 0.0]]]], requires_grad=True)
    out = pool(x)
    out.sum().backward()
    assert torch.isfinite(out).all()
    assert x.grad is not None and torch.isfinite(x.grad).all()
    assert pool.p.grad is not None and torch.isfinite(pool.p.grad).all()


def test_the_gem_head_trains_and_is_not_lost_silently(model):
    gem_head(model, 7)
    assert model(images(2, 32)).shape == (2, 7)
    assert model.forward_head(model.forward_features(images(2, 32)), pre_logits=True).shape == (2, model.num_features)
    assert "global_pool.p" in dict(model.named_parameters())
    with pytest.raises(AssertionError, match="gem"):
        model.reset_classifier(3)


# ---- features and Grad-CAM ----


def test_stage_outputs_are_those_of_timm(model):
    model.eval()
    x = images(2, 64)
    theirs = model.forward_intermediates(x, intermediates_only=True)
    for mine, other in zip(stage_outputs(model, x).values(), theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=0)


def test_outputs_are_as_the_module_left_them(model):
    """bn1 is followed by a ReLU in place, and a block's bn2 by an addition in place."""
    model.eval()
    x = images(2, 64)
    kept = module_outputs(model, x, ["bn1", "layer1.0.bn2"])
    torch.testing.assert_close(kept["bn1"], model.bn1(model.conv1(x)))
    assert (kept["bn1"] < 0).any()
    block, inner = model.layer1[0], model.maxpool(F.relu(kept["bn1"]))
    torch.testing.assert_close(kept["layer1.0.bn2"], block.bn2(block.conv2(F.relu(block.bn1(block.conv1(inner))))))


def test_hooks_are_taken_off_whatever_happens(model):
    for call in (
        lambda: module_outputs(model, images(1, 64)[:, :2], ["bn1"]),
        lambda: module_outputs(model, images(1, 64), ["bn1", "nothing"]),
        lambda: grad_cam(model, images(1, 64)[:, :2], [0]),
    ):
        with pytest.raises((RuntimeError, AttributeError)):
            call()
    assert not any(m._forward_hooks for m in model.modules())


def test_grad_cam_of_the_last_stage_is_the_class_activation_map(model):
    """Behind average pooling and one linear layer, the gradient of a logit is that row of the layer / (h w)."""
    x, target = images(3, 96), [4, 0, 2]
    model.train()
    model.bn1.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    got = grad_cam(model, x, target)
    assert model.training and not model.bn1.training
    assert all(p.grad is None for p in model.parameters())
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    features = model.eval().forward_features(x)  # (3, C, 3, 3)
    rows = model.fc.weight[target]  # (3, C)
    expected = F.relu(torch.einsum("bc,bchw->bhw", rows, features)) / features[0, 0].numel()
    torch.testing.assert_close(got, expected)
    assert got.shape == (3, 3, 3) and (got > 0).any()
    for p in model.parameters():
        p.requires_grad_(False)
    with torch.no_grad():
        torch.testing.assert_close(grad_cam(model, x, target), expected)
        early = grad_cam(model, x, torch.tensor(target), layer="layer1.0.bn2")
    assert early.shape == (3, 24, 24)


# ---- a block of our own ----


def test_a_separable_block_is_the_identity_at_first_and_then_learns():
    block = SeparableBlock(5, 5).double()
    block.zero_init_last()
    x = images(2, 8)[:, :1].abs().expand(-1, 5, -1, -1)
    torch.testing.assert_close(block(x), x)
    count = sum(p.numel() for p in SeparableBlock(5, 7, stride=2).parameters())
    assert count == 5 * 9 + 5 * 7 + 2 * 7 + 7 * 9 + 7 * 7 + 2 * 7
    with pytest.raises(ValueError, match="cardinality"):
        SeparableBlock(4, 4, cardinality=2)


def test_the_registry_knows_the_model():
    assert vars(resnet_production)["__all__"] == ["separable_resnet18"]  # timm's decorator adds the name
    with warnings.catch_warnings(action="ignore"):  # an answer to exercise 14 may have taken its place in this process
        register_model(separable_resnet18)
    assert "separable_resnet18" in timm.list_models("separable*")
    made: Any = timm.create_model("separable_resnet18", num_classes=3, drop_path_rate=0.2, channels=(8, 16, 24, 40))
    assert isinstance(made.layer4[1], SeparableBlock)
    assert made.layer4[1].drop_path.drop_prob == pytest.approx(0.2)
    assert made(images(2, 64, torch.float32)).shape == (2, 3)
    assert made.pretrained_cfg["classifier"] == "fc"
    assert float(made.layer1[0].bn2.weight.detach().abs().max()) == 0.0  # zero_init_last has been called
    features = timm.create_model("separable_resnet18", features_only=True, out_indices=(1, 4), output_stride=8)
    assert [f.shape[1:] for f in features(images(1, 64, torch.float32))] == [(64, 16, 16), (512, 8, 8)]
    normed: Any = timm.create_model(
        "separable_resnet18", norm_layer="groupnorm", act_layer="silu", channels=(32, 32, 64, 64)
    )
    assert isinstance(normed.layer1[0].bn1, nn.GroupNorm) and isinstance(normed.layer1[0].act1, nn.SiLU)


# ---- frozen batch normalisation ----


def test_frozen_statistics_stay_and_the_rest_learns(model):
    model.layer2[0].bn1.eps = 0.1
    names = list(model.state_dict())
    x = images(3, 64)
    with torch.no_grad():
        wanted = model.eval()(x)
    assert freeze_batch_norm(model) is model
    assert list(model.state_dict()) == names
    torch.testing.assert_close(model.train()(x), wanted)
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(fine_tuning_groups(model, 1e-3, 1e-2, 0.1), momentum=0.9)
    for _ in range(3):
        model.train()
        optimizer.zero_grad()
        F.cross_entropy(model(x), torch.tensor([0, 3, 1])).backward()
        optimizer.step()
    for name, value in model.state_dict().items():
        same = torch.equal(value, before[name])
        assert same == ("bn" in name or "downsample.1" in name), name
    copied = copy.deepcopy(model)
    assert isinstance(copied.bn1, FrozenBatchNorm2d)
    timm.create_model("resnet18", num_classes=5, layers=(1, 1, 1, 1), channels=(8, 16, 24, 40)).load_state_dict(
        model.state_dict()
    )


def test_freezing_agrees_with_timm_and_refuses_what_it_does_not_know(model):
    theirs = freeze_batch_norm_2d(copy.deepcopy(model)).train()
    x = images(2, 64)
    torch.testing.assert_close(freeze_batch_norm(model).train()(x), theirs(x))
    fused = timm.create_model("regnetx_002")  # convolution, normalisation and activation are one module there
    with pytest.raises(TypeError, match=r"stem\.bn is a BatchNormAct2d"):
        freeze_batch_norm(fused)
    with pytest.raises(TypeError, match="keeps none"):
        freeze_batch_norm(nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False)))


def test_groups_hold_each_trainable_parameter_once(model):
    freeze_batch_norm(model)
    groups = fine_tuning_groups(model, 1e-3, 1e-2, 0.1)
    held = [id(p) for group in groups for p in group["params"]]
    assert len(held) == len(set(held)) == sum(p.requires_grad for p in model.parameters())
    by_settings = {(g["lr"], g["weight_decay"]): g["params"] for g in groups}
    assert by_settings[1e-2, 0.1] == [model.fc.weight]
    assert by_settings[1e-2, 0.0] == [model.fc.bias]
    assert set(by_settings) == {(1e-3, 0.1), (1e-2, 0.1), (1e-2, 0.0)}


# ---- the scripts and the exercises ----


def test_costs_are_counted_by_hand_too(monkeypatch):
    variants, name = resnet_options.variants(), resnet_options.OPTIONS[0].name
    plain = [resnet_options.count(variants[of], 64) for of in ("timm", "ours", "torchvision")]
    assert plain[0] == plain[1] == plain[2]
    assert resnet_options.count(variants[name], 64)[0] > plain[0][0]
    parameters, multiply_adds = resnet_options.count(lambda: nn.Conv2d(3, 5, 3, stride=2, padding=1), 8)
    assert parameters == 5 * 3 * 9 + 5
    assert multiply_adds == pytest.approx(4 * 4 * 5 * 3 * 9 / 1e9)
    small = {"timm": small_resnet, name: lambda: small_resnet(stem_type="deep", stem_width=8)}
    monkeypatch.setattr(resnet_options, "variants", lambda: small)
    report = resnet_options.measure(count_size=64, size=32, batch=2, rounds=2)
    assert list(report["rows"]) == ["timm", name]
    assert report["rows"]["timm"]["time_ratio"] == 1.0 and report["rows"][name]["time_ratio"] > 0


def test_the_record_of_the_options_is_whole():
    record = json.loads((ROOT / "05_ResNet/production/results/options.json").read_text())
    assert list(record["rows"]) == list(resnet_options.variants())
    assert record["rows"]["timm"]["parameters"] == 25_557_032


def test_the_figure_is_drawn_from_a_trained_network(tmp_path, capsys):
    before = torch.random.get_rng_state()
    plot_resnet_production.main(["--steps", "2", "--size", "32", "--out", str(tmp_path)])
    assert torch.equal(torch.random.get_rng_state(), before)
    assert (tmp_path / "grad_cam.png").stat().st_size > 10_000
    assert 0.0 <= json.loads((tmp_path / "grad_cam.json").read_text())["test_accuracy"] <= 1.0
    assert "after 2 steps" in capsys.readouterr().out
