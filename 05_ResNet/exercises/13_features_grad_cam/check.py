import timm
import torch
from torch.nn import functional as F

INNER = "layer1.0.bn2"


def narrow(rng):
    """A small float64 ResNet with every parameter and statistic drawn from rng."""
    settings = {"layers": (1, 1, 1, 1), "channels": (8, 16, 24, 40), "stem_type": "deep", "stem_width": 5}
    model = timm.create_model("resnet18", num_classes=5, **settings).double()
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.dtype.is_floating_point:
                drawn = torch.from_numpy(rng.normal(size=tuple(value.shape)))
                value.copy_(drawn.abs() + 0.5 if name.endswith("running_var") else 0.3 * drawn)
    return model.eval()


def images(rng, count, size, channels=3):
    return torch.from_numpy(rng.normal(size=(count, channels, size, size)))


def parts(model, x):
    """bn1's output, and bn2's output and the shortcut in the first block, each in memory of its own."""
    with torch.no_grad():
        stem = model.bn1(model.conv1(x))
        inside = model.maxpool(F.relu(stem))
        block = model.layer1[0]
        branch = block.bn2(block.conv2(F.relu(block.bn1(block.conv1(inside)))))
        return stem, branch, block.downsample(inside)


def hooks(model):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in model.modules())


def check_outputs(t):
    """The outputs are those that the modules returned"""
    model, x = narrow(t.rng), images(t.rng, 2, 48)
    stem, branch, _ = parts(model, x)
    got = t.call("module_outputs", model, x, ["bn1", INNER])
    t.require(sorted(got) == ["bn1", INNER], "the result must have one entry for each name", got=str(sorted(got)))
    t.equal(got["bn1"], stem, what="the output of bn1", why="A normalisation gives negative values too.")
    t.equal(got[INNER], branch, what=f"the output of {INNER}")


def check_stages(t):
    """The stages are timm's own features"""
    model, x = narrow(t.rng), images(t.rng, 2, 64)
    expected = model.forward_intermediates(x, intermediates_only=True)
    got = t.call("stage_outputs", model, x)
    names = ["act1", "layer1", "layer2", "layer3", "layer4"]
    t.require(
        list(got) == names,
        "the entries must be the five modules of feature_info, in order",
        expected=str(names),
        got=str(list(got)),
    )
    for name, value in zip(names, expected, strict=True):
        t.equal(got[name], value, what=name)


def check_hooks(t):
    """No hook is left behind"""
    model = narrow(t.rng)
    t.call("module_outputs", model, images(t.rng, 2, 48), ["bn1", "layer2"])
    t.require(hooks(model) == 0, "hooks are left on the model", got=str(hooks(model)))
    t.raises("module_outputs", model, images(t.rng, 2, 48), ["bn1", "nothing"], error=AttributeError)
    t.require(
        hooks(model) == 0, "hooks are left on the model after a name that it does not have", got=str(hooks(model))
    )
    t.raises("module_outputs", model, images(t.rng, 2, 48, channels=2), ["bn1"], error=RuntimeError)
    t.require(hooks(model) == 0, "hooks are left on the model after a failed forward pass", got=str(hooks(model)))
    t.raises("grad_cam", model, images(t.rng, 2, 48, channels=2), [0, 1], error=RuntimeError)
    t.require(hooks(model) == 0, "hooks are left on the model after a failed grad_cam", got=str(hooks(model)))


def check_last_stage(t):
    """On the last stage, Grad-CAM is the row of the classifier times the features"""
    model, target = narrow(t.rng), [4, 0, 2]
    for size, places in ((1, 1), (96, 3)):
        x = images(t.rng, 3, size)
        with torch.no_grad():
            features = model.forward_features(x)  # (3, C, places, places)
            expected = torch.zeros(3, places, places, dtype=torch.float64)
            for i, k in enumerate(target):
                for c in range(features.shape[1]):
                    expected[i] += model.fc.weight[k, c] / places**2 * features[i, c]
        got = t.call("grad_cam", model, x, target)
        why = f"The head averages over {places} x {places} places and is linear."
        t.equal(got, expected.clamp(min=0), rtol=1e-7, atol=1e-10, why=why)
    t.equal(t.call("grad_cam", model, x[1:2], [0])[0], got[1], rtol=1e-7, atol=1e-10, what="one image alone")


def check_inner_layer(t):
    """Inside a block, it follows the gradient of the logit"""
    model, x, target = narrow(t.rng), images(t.rng, 2, 48), [3, 1]
    _, branch, shortcut = parts(model, x)
    branch.requires_grad_()
    after = model.layer4(model.layer3(model.layer2(F.relu(branch + shortcut))))
    logits = model.fc(after.mean(dim=(2, 3)))
    (gradient,) = torch.autograd.grad(logits[0, 3] + logits[1, 1], branch)
    with torch.no_grad():
        expected = F.relu(torch.einsum("bc,bchw->bhw", gradient.mean(dim=(2, 3)), branch))
    got = t.call("grad_cam", model, x, target, layer=INNER)
    t.equal(got, expected, rtol=1e-7, atol=1e-10)


def check_untouched(t):
    """The model is afterwards as it was before"""
    model, x = narrow(t.rng), images(t.rng, 2, 48)
    expected = t.call("grad_cam", model, x, torch.tensor([1, 2]))
    t.require(not expected.requires_grad, "the map is still part of a graph", got="requires_grad is True")
    model.train()
    model.layer3.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [m.training for m in model.modules()]
    got = t.call("grad_cam", model, x, torch.tensor([1, 2]))
    t.require(
        not x.requires_grad and x.grad is None,
        "the images ask for gradients afterwards",
        why="They belong to the caller: whatever is computed with them next would be recorded too.",
    )
    t.equal(
        got,
        expected,
        rtol=1e-9,
        what="the map of a model in training mode",
        why="It is computed as in evaluation mode.",
    )
    t.require([m.training for m in model.modules()] == modes, "a module is in another mode than before")
    changed = [name for name, value in model.state_dict().items() if not torch.equal(value, before[name])]
    t.require(not changed, "parameters or running statistics have changed", got=str(changed[:4]))
    graded = [name for name, p in model.named_parameters() if p.grad is not None]
    t.require(not graded, "parameters have gradients", got=str(graded[:4]))
    model.eval().requires_grad_(False)
    with torch.no_grad():
        t.equal(
            t.call("grad_cam", model, x, [1, 2]), expected, rtol=1e-9, what="the map of a frozen model under no_grad"
        )
