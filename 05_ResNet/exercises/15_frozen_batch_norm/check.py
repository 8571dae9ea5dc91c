import copy
import pickle

import timm
import torch
from timm.layers import BatchNormAct2d
from torch import nn


def narrow(rng):
    """A small float64 ResNet with every parameter and statistic drawn from rng, one layer with an eps of its own."""
    settings = {"layers": (1, 1, 1, 1), "channels": (8, 16, 24, 40), "stem_type": "deep", "stem_width": 4}
    model = timm.create_model("resnet18", num_classes=5, **settings).double()
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.dtype.is_floating_point:
                drawn = torch.from_numpy(rng.normal(size=tuple(value.shape)))
                value.copy_(drawn.abs() + 0.5 if name.endswith("running_var") else 0.3 * drawn)
    model.layer2[0].bn1.eps = 0.1
    return model.eval()


def batches(rng, count, size=40):
    return [
        (torch.from_numpy(rng.normal(size=(3, 3, size, size))), torch.from_numpy(rng.integers(0, 5, size=3)))
        for _ in range(count)
    ]


def kept(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def of_normalisation(name):
    return "bn" in name or ".downsample.1." in name or name.startswith(("conv1.1.", "conv1.4."))


def check_statistics(t):
    """Training leaves every normalisation as it was"""
    model = narrow(t.rng)
    before = kept(model)
    frozen = t.call("freeze_batch_norm", model)
    t.require(
        frozen is model, "the function must change the model that it got, and return that model", got=repr(type(frozen))
    )
    t.call("fine_tune", model, batches(t.rng, 3), lr=1e-3, head_lr=1e-2)
    after = model.state_dict()
    t.require(
        list(after) == list(before),
        "the names in the state_dict have changed",
        got=str(sorted(set(after) ^ set(before))[:4]),
    )
    moved = [name for name in before if of_normalisation(name) and not torch.equal(after[name], before[name])]
    t.require(
        not moved, "training has changed tensors of frozen normalisations", got=f"{len(moved)}: {', '.join(moved[:4])}"
    )
    still = [name for name in before if not of_normalisation(name) and torch.equal(after[name], before[name])]
    t.require(not still, "tensors of other layers have not learned", got=str(still[:4]))
    t.equal(after["bn1.running_mean"], before["bn1.running_mean"], what="bn1.running_mean after three steps")


def check_images_apart(t):
    """In training mode too, an image gives the same logits whatever its neighbours"""
    model = narrow(t.rng)
    (x, _), (other, _) = batches(t.rng, 2)
    with torch.no_grad():
        expected = model(x)
        t.call("freeze_batch_norm", model)
        t.equal(model.train()(x), expected, what="the logits in training mode")
        mixed = torch.cat([x[:1], other])
        t.equal(model(mixed)[0], expected[0], what="the logits of the first image among others")
        t.equal(model.eval()(x), expected, what="the logits after train() and eval()")


def check_gradient(t):
    """The gradient passes through as through a fixed map"""
    layer = nn.BatchNorm2d(5, eps=0.03).double()
    rows = [torch.from_numpy(t.rng.normal(size=5)) for _ in range(3)]
    var = torch.from_numpy(t.rng.uniform(0.5, 2.0, size=5))
    layer.load_state_dict(
        {
            "weight": rows[0],
            "bias": rows[1],
            "running_mean": rows[2],
            "running_var": var,
            "num_batches_tracked": torch.tensor(7),
        }
    )
    holder = nn.Sequential(layer)
    t.call("freeze_batch_norm", holder)
    holder.train()
    x = torch.from_numpy(t.rng.normal(size=(2, 5, 3, 7))).requires_grad_()
    dy = torch.from_numpy(t.rng.normal(size=(2, 5, 3, 7)))
    scale = (rows[0] / (var + 0.03).sqrt())[None, :, None, None]
    out = holder(x)
    t.equal(
        out, (x - rows[2][None, :, None, None]) * scale + rows[1][None, :, None, None], what="the output of one layer"
    )
    out.backward(dy)
    t.equal(x.grad, dy * scale, what="the gradient of its input")
    learning = [name for name, p in holder.named_parameters() if p.requires_grad]
    t.require(not learning, "scale and shift still require gradients", got=str(learning))


def check_copies(t):
    """Copies are frozen too"""
    model = t.call("freeze_batch_norm", narrow(t.rng))
    t.call("freeze_batch_norm", model)
    (x, _), *_ = batches(t.rng, 1)
    with torch.no_grad():
        expected = model.eval()(x)
        t.equal(copy.deepcopy(model).train()(x), expected, what="the logits of a deep copy in training mode")
        try:
            loaded = pickle.loads(pickle.dumps(model))
        except Exception as error:
            t.require(False, "the model cannot be pickled", got=f"{type(error).__name__}: {error}")
            return
        t.equal(loaded.train()(x), expected, what="the logits of a pickled copy in training mode")


def check_refusal(t):
    """What does more than nn.BatchNorm2d is refused, and nothing is changed"""
    model = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 7, 1), BatchNormAct2d(7))
    t.raises("freeze_batch_norm", model, error=TypeError, says="2 is a BatchNormAct2d")
    t.require(
        type(model[0]) is nn.BatchNorm2d and model[0].weight.requires_grad and model[0].training,
        "the first layer was changed before the third was refused",
    )


def check_groups(t):
    """The optimizer gets what learns, each once"""
    model = t.call("freeze_batch_norm", narrow(t.rng))
    groups = t.call("fine_tuning_groups", model, 1e-3, 1e-2, 0.1)
    held = [id(p) for group in groups for p in group["params"]]
    wanted = [id(p) for p in model.parameters() if p.requires_grad]
    t.require(sorted(held) == sorted(wanted), "the groups do not hold each trainable parameter once")
    rates = {(group["lr"], group["weight_decay"]) for group in groups}
    t.require(
        rates == {(1e-3, 0.1), (1e-2, 0.1), (1e-2, 0.0)}, "the groups have other settings", got=str(sorted(rates))
    )
