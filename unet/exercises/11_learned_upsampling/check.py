import copy

import segmentation_models_pytorch as smp
import torch
from torch import nn


def narrow(rng, **settings):
    """A shallow float64 U-Net whose parameters and statistics are drawn from rng, as is what torch draws after it."""
    torch.manual_seed(int(rng.integers(2**31)))
    made = {"encoder_weights": None, "encoder_depth": 4, "decoder_channels": (11, 9, 7, 5), "classes": 2} | settings
    model = smp.Unet("resnet18", **made).double()
    del model.encoder.layer4  # unused at depth 4
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.dtype.is_floating_point:
                drawn = torch.from_numpy(rng.normal(size=tuple(value.shape)))
                value.copy_(drawn.abs() + 0.5 if name.endswith("running_var") else 0.2 * drawn)
    return model


def images(rng, height, width, channels=3):
    return torch.from_numpy(rng.normal(size=(2, channels, height, width)))


def changed_model(t, model):
    changed = t.call("learned_upsampling", model)
    t.require(
        changed is model, "the function must change the model that it got, and return it", got=repr(type(changed))
    )
    return changed


def check_layers(t):
    """Every block has its transposed convolution"""
    model = narrow(t.rng)
    changed = changed_model(t, model)
    for block, channels in zip(changed.decoder.blocks, (256, 11, 9, 7), strict=True):
        up = getattr(block, "upconv", None)
        t.require(isinstance(up, nn.ConvTranspose2d), "block.upconv must be an nn.ConvTranspose2d", got=repr(up))
        made = torch.tensor([up.in_channels, up.out_channels, *up.kernel_size, *up.stride, *up.padding])
        t.equal(made, torch.tensor([channels, channels, 2, 2, 2, 2, 0, 0]), what="channels, kernel, stride, padding")
        t.require(up.bias is not None, "the transposed convolution must have a bias", got=repr(up))
        t.require(up.weight.dtype == torch.float64, "its dtype must be that of the block", got=str(up.weight.dtype))


def check_beginning(t):
    """The outputs are those of the model before"""
    for size in ((16, 24), (19, 21)):
        plain = narrow(t.rng).eval()
        x = images(t.rng, *size)
        expected = plain(x).detach()
        changed = changed_model(t, copy.deepcopy(plain))
        t.equal(
            changed(x).detach(), expected, what=f"the logits of {size[0]} x {size[1]} pixels", rtol=1e-8, atol=1e-10
        )


def check_use(t):
    """The transposed convolution takes part, block by block"""
    model = changed_model(t, narrow(t.rng).eval())
    x = images(t.rng, 16, 32)
    for block in model.decoder.blocks:
        seen = []
        handle = block.conv1.register_forward_pre_hook(
            lambda module, inputs, seen=seen: seen.append(inputs[0].detach())
        )
        below = []
        other = block.upconv.register_forward_pre_hook(
            lambda module, inputs, below=below: below.append(inputs[0].detach())
        )
        with torch.no_grad():
            block.upconv.weight.copy_(torch.from_numpy(t.rng.normal(size=tuple(block.upconv.weight.shape))))
            block.upconv.bias.copy_(torch.from_numpy(t.rng.normal(size=tuple(block.upconv.bias.shape))))
            model(x)
        handle.remove()
        other.remove()
        t.require(len(below) == 1, "block.upconv must run once in a forward pass", got=len(below))
        weight, bias = block.upconv.weight, block.upconv.bias
        enlarged = nn.functional.conv_transpose2d(below[0], weight, bias, stride=2).detach()
        t.equal(seen[0][:, : enlarged.shape[1]], enlarged, what="what conv1 gets from below")


def check_names(t):
    """Old names stay, and learning reaches the new ones"""
    model = narrow(t.rng)
    before = set(model.state_dict())
    changed = changed_model(t, model)
    after = set(changed.state_dict())
    new = {f"decoder.blocks.{i}.upconv.{p}" for i in range(4) for p in ("weight", "bias")}
    say = "the state_dict must have the old names and those of upconv"
    t.require(after == before | new, say, got=str(sorted(after ^ before)))
    changed(images(t.rng, 16, 16)).sum().backward()
    silent = [i for i, block in enumerate(changed.decoder.blocks) if not block.upconv.weight.grad.abs().sum() > 0]
    t.require(not silent, "some upconv gets no gradient", got=str(silent))


def check_refusal(t):
    """Another interpolation is refused"""
    t.raises("learned_upsampling", narrow(t.rng, decoder_interpolation="bilinear"), says="bilinear")
