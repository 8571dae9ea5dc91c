import timm
import torch
from timm.data import resolve_model_data_config


def narrow(rng, **settings):
    """A small float64 ResNet with every parameter and statistic drawn from rng."""
    made = {"layers": (1, 1, 1, 1), "channels": (8, 16, 24, 40), "num_classes": 5, **settings}
    model = timm.create_model("resnet18", **made).double()
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.dtype.is_floating_point:
                drawn = torch.from_numpy(rng.normal(size=tuple(value.shape)))
                value.copy_(drawn.abs() + 0.5 if name.endswith("running_var") else 0.3 * drawn)
    return model


def images(rng, count, channels, size):
    return torch.from_numpy(rng.normal(size=(count, channels, size, size)))


def check_resolution(t):
    """The first stage keeps height and width"""
    model = narrow(t.rng)
    changed = t.call("small_image_stem", model)
    t.require(
        changed is model,
        "the function must change the model that it got, and return that model",
        got=repr(type(changed)),
    )
    features = changed.eval().forward_intermediates(images(t.rng, 2, 3, 32), intermediates_only=True)
    got = torch.tensor([f.shape[2] for f in features])
    t.equal(got, torch.tensor([32, 32, 16, 8, 4]), what="the height of stem and stages for images of 32x32")


def check_values(t):
    """The kernel is the centre of the old one, and nothing else changes"""
    for channels in (3, 2):
        model = narrow(t.rng, in_chans=channels)
        before = {name: value.clone() for name, value in model.state_dict().items()}
        changed = t.call("small_image_stem", model)
        after = changed.state_dict()
        t.require(
            after.keys() == before.keys(),
            "the names in the state_dict have changed",
            got=str(sorted(after.keys() ^ before.keys())),
        )
        x = images(t.rng, 2, channels, 11)
        centre = torch.zeros(
            8 if "conv1.weight" not in before else before["conv1.weight"].shape[0], channels, 3, 3
        ).double()
        for i in range(3):
            for j in range(3):
                centre[:, :, i, j] = before["conv1.weight"][:, :, 2 + i, 2 + j]
        t.require(
            changed.conv1.weight.dtype == torch.float64,
            "the new convolution has another dtype than the old one",
            got=str(changed.conv1.weight.dtype),
        )
        t.equal(changed.conv1.weight, centre, what="conv1.weight")
        t.equal(changed.conv1(x), torch.nn.functional.conv2d(x, centre, padding=1), what="conv1(x)")
        other = [name for name in before if name != "conv1.weight" and not torch.equal(after[name], before[name])]
        t.require(not other, "parameters or buffers beside conv1.weight have changed", got=str(other[:4]))


def check_description(t):
    """What the model says of itself is true"""
    model = narrow(t.rng)
    t.call("small_image_stem", model, size=24)
    x = images(t.rng, 2, 3, 24)
    features = model.eval().forward_intermediates(x, intermediates_only=True)
    said = torch.tensor([info["reduction"] for info in model.feature_info])
    t.equal(said, torch.tensor([24 // f.shape[2] for f in features]), what="the reductions in feature_info")
    config = torch.tensor(resolve_model_data_config(model)["input_size"])
    t.equal(config, torch.tensor([3, 24, 24]), what="the input size that the data pipeline is told")
    pooled = torch.tensor(model.pretrained_cfg["pool_size"])
    t.equal(pooled, torch.tensor(features[-1].shape[2:]), what="pretrained_cfg['pool_size']")


def check_refusal(t):
    """A deep stem is refused"""
    t.raises("small_image_stem", narrow(t.rng, stem_type="deep", stem_width=8), says="conv1")
