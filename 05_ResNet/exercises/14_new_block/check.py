import warnings

import timm
import torch
from timm.models import model_entrypoint
from torch import nn
from torch.nn import functional as F

NAME = "separable_resnet18"
warnings.filterwarnings("ignore", message=f"Overwriting {NAME}")


class Nothing(nn.Module):
    """A drop_path that always drops."""

    def forward(self, x):
        return 0.0 * x


def drawn(module, rng):
    """The module in float64, every parameter and statistic from rng."""
    module = module.double()
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if value.dtype.is_floating_point:
                new = torch.from_numpy(rng.normal(size=tuple(value.shape)))
                value.copy_(new.abs() + 0.5 if name.endswith("running_var") else new)
    return module.eval()


def tensor(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


def by_hand(state, x, shortcut, stride=1, first=1, dilation=1):
    """The block from its parameters, in plain operations."""

    def norm(y, name):
        p = [state[f"{name}.{part}"][None, :, None, None] for part in ("running_mean", "running_var", "weight", "bias")]
        return (y - p[0]) / (p[1] + 1e-5).sqrt() * p[2] + p[3]

    def depthwise(y, kernel, stride, dilation):
        maps = [
            F.conv2d(y[:, c : c + 1], kernel[c : c + 1], stride=stride, padding=dilation, dilation=dilation)
            for c in range(y.shape[1])
        ]
        return torch.cat(maps, dim=1)

    y = depthwise(x, state["conv1_dw.weight"], stride, first)
    y = torch.einsum("oc,bchw->bohw", state["conv1_pw.weight"][:, :, 0, 0], y)
    y = norm(y, "bn1").clamp(min=0)
    y = depthwise(y, state["conv2_dw.weight"], 1, dilation)
    y = torch.einsum("oc,bchw->bohw", state["conv2_pw.weight"][:, :, 0, 0], y)
    return (norm(y, "bn2") + shortcut).clamp(min=0)


NAMES = {
    *("conv1_dw.weight", "conv1_pw.weight", "conv2_dw.weight", "conv2_pw.weight"),
    *(
        f"{bn}.{p}"
        for bn in ("bn1", "bn2")
        for p in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    ),
}


def check_block(t):
    """The block computes what the task says"""
    block = drawn(t.call("SeparableBlock", 5, 5), t.rng)
    names = set(block.state_dict())
    t.require(
        names == NAMES,
        "the parameters and buffers have other names",
        expected=str(sorted(NAMES)),
        got=str(sorted(names)),
    )
    count = sum(p.numel() for p in block.parameters())
    t.equal(count, 2 * (9 * 5 + 5 * 5 + 2 * 5), what="the number of parameters of SeparableBlock(5, 5)")
    x = tensor(t.rng, 2, 5, 7, 11)
    t.equal(t.call(block, x), by_hand(block.state_dict(), x, x), called="SeparableBlock(5, 5)(x (2, 5, 7, 11))")
    x = tensor(t.rng, 1, 5, 1, 1)
    t.equal(t.call(block, x), by_hand(block.state_dict(), x, x), called="SeparableBlock(5, 5)(x (1, 5, 1, 1))")
    block = drawn(t.call("SeparableBlock", 3, 7, stride=2, downsample=nn.Conv2d(3, 7, 1, stride=2)), t.rng)
    x = tensor(t.rng, 2, 3, 11, 6)
    shortcut = block.downsample(x)
    expected = by_hand(block.state_dict(), x, shortcut, stride=2)
    t.equal(t.call(block, x), expected, called="SeparableBlock(3, 7, stride=2, downsample=...)(x (2, 3, 11, 6))")


def check_dilation(t):
    """Dilation reaches both depthwise convolutions"""
    x = tensor(t.rng, 2, 5, 11, 13)
    for first, dilation in [(None, 2), (1, 2), (2, 4)]:
        block = drawn(t.call("SeparableBlock", 5, 5, dilation=dilation, first_dilation=first), t.rng)
        expected = by_hand(block.state_dict(), x, x, first=first or dilation, dilation=dilation)
        t.equal(
            t.call(block, x), expected, called=f"SeparableBlock(5, 5, dilation={dilation}, first_dilation={first})(x)"
        )


def check_zero_init(t):
    """A fresh block is the identity, and a dropped branch leaves the shortcut"""
    x = tensor(t.rng, 2, 5, 7, 11)
    block = drawn(t.call("SeparableBlock", 5, 5), t.rng)
    with torch.no_grad():
        block.bn2.bias.zero_()
    t.call(block.zero_init_last)
    t.equal(t.call(block, x), x.clamp(min=0), what="a block after zero_init_last()")
    positive = x.abs()
    t.own_memory(t.call(block, positive).detach(), positive, what="the output of a block after zero_init_last()")
    block = drawn(t.call("SeparableBlock", 5, 5, drop_path=Nothing()), t.rng)
    t.equal(t.call(block, x), x.clamp(min=0), what="a block whose drop_path drops everything")


def check_layers(t):
    """It takes the normalisation and the activation that it is given"""
    made = []

    def norm(channels, device=None, dtype=None):
        made.append(channels)
        return nn.GroupNorm(1, channels, device=device, dtype=dtype)

    block = t.call("SeparableBlock", 3, 7, norm_layer=norm, act_layer=nn.SiLU, dtype=torch.float64)
    t.require(made == [7, 7], "norm_layer must be called once for each normalisation", expected="[7, 7]", got=str(made))
    kinds = [type(getattr(block, name)).__name__ for name in ("bn1", "bn2", "act1", "act2")]
    expected = ["GroupNorm", "GroupNorm", "SiLU", "SiLU"]
    t.require(kinds == expected, "bn1, bn2, act1 and act2 are of other classes", expected=str(expected), got=str(kinds))
    dtypes = {str(p.dtype) for p in block.parameters()}
    t.require(dtypes == {"torch.float64"}, "not every parameter has the dtype that was asked for", got=str(dtypes))
    for name, value in [
        ("cardinality", 2),
        ("base_width", 32),
        ("reduce_first", 2),
        ("aa_layer", nn.AvgPool2d),
        ("drop_block", nn.Identity()),
    ]:
        t.raises("SeparableBlock", 4, 4, says=name, **{name: value})


def check_model(t):
    """timm builds the network, and the caller's settings win"""
    function = t.get(NAME)
    t.require(
        timm.is_model(NAME) and getattr(model_entrypoint(NAME), "__module__", "") == t.module.__name__,
        f"timm does not know {NAME}: create_model would not find it",
    )
    small = {"channels": (8, 16, 24, 40), "stem_type": "deep", "stem_width": 4}
    model = t.call(function, num_classes=3, drop_path_rate=0.2, **small)
    blocks = [type(block).__name__ for i in (1, 2, 3, 4) for block in getattr(model, f"layer{i}")]
    t.require(blocks == ["SeparableBlock"] * 8, "layer1 to layer4 must have two SeparableBlocks each", got=str(blocks))
    t.raises(function, pretrained=True, error=RuntimeError, says="pretrained", **small)
    rate = getattr(model.layer4[1].drop_path, "drop_prob", None)
    t.equal(rate, 0.2, rtol=1e-6, what="the drop rate of the last block")
    t.equal(model.layer3[0].bn2.weight, torch.zeros(24), what="layer3.0.bn2.weight of a fresh model")
    x = tensor(t.rng, 2, 3, 64, 64).float()
    t.require(tuple(model.eval()(x).shape) == (2, 3), "the logits have the wrong shape", got=str(tuple(model(x).shape)))
    deep = t.call(function, layers=(1, 1, 3, 1), output_stride=8, features_only=True, **small)
    t.equal(len(deep.layer3), 3, what="the number of blocks in layer3 when the caller asks for 3")
    sizes = torch.tensor([list(f.shape[1:]) for f in deep(x)])
    expected = torch.tensor([[8, 32, 32], [8, 16, 16], [16, 8, 8], [24, 8, 8], [40, 8, 8]])
    t.equal(sizes, expected, what="channels, height and width of the features with output_stride=8")
