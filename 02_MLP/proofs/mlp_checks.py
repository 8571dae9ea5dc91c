"""The chapter's own proofs: optimizers, initialisation, dropout, scikit-learn, the papers' counts of parameters, symmetry.

Each is a function (load, generator) -> findings, declared in `../ladder.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mlp_levels import ADAMW, EXAMPLES, SIZES, masks_of, plain_batch
from torch import Tensor, nn

from utils.ladder import Check, Load, load_ladders
from utils.levels.arrays import to_numpy, to_torch
from utils.parity.cases import near
from utils.parity.compare import compare, compare_all
from utils.parity.finding import Finding, failed, passed

OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {"lr": 0.05}),
    "SGD with weight decay": ("SGD", {"lr": 0.05, "weight_decay": 0.1}),
    "momentum": ("SGD", {"lr": 0.05, "momentum": 0.9}),
    "momentum with weight decay": ("SGD", {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1}),
    "Nesterov": ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "RMSprop": ("RMSprop", {"lr": 0.01, "alpha": 0.9}),
    "RMSprop with weight decay": ("RMSprop", {"lr": 0.01, "weight_decay": 0.1}),
    "Adam": ("Adam", {"lr": 0.01}),
    "Adam with weight decay": ("Adam", {"lr": 0.01, "betas": (0.8, 0.99), "weight_decay": 0.1}),
    "AdamW": ("AdamW", {"lr": 0.01, "weight_decay": 0.1}),
}
OPTIMIZER_STEPS = 13


def optimizer_check(title: str) -> Check:
    """Both hand-written forms of an optimizer against torch.optim, parameters and state, over 13 steps in float64."""
    name, options = OPTIMIZERS[title]

    def run(load: Load, rng: np.random.Generator) -> list[Finding]:
        start = {"weight": rng.normal(size=(5, 3)), "bias": rng.normal(size=7)}
        # A quadratic with random curvature and noise: gradients of many sizes, that depend on the parameters.
        curvature = {k: np.exp(rng.normal(size=p.shape)) for k, p in start.items()}
        noise = [{k: rng.normal(size=p.shape) for k, p in start.items()} for _ in range(OPTIMIZER_STEPS)]

        ours = {k: p.copy() for k, p in start.items()}
        optimizer = getattr(load("optimizers_numpy"), name)(ours, **options)
        tensors = {k: torch.tensor(p, requires_grad=True) for k, p in start.items()}
        low = getattr(load("optimizers_lowlevel"), name)(tensors, **options)
        theirs = {k: torch.tensor(p, requires_grad=True) for k, p in start.items()}
        reference = getattr(torch.optim, name)(theirs.values(), **options)
        for e in noise:
            optimizer.step({k: curvature[k] * ours[k] + e[k] for k in start})
            for group, step in ((tensors, low.step), (theirs, reference.step)):
                for k, p in group.items():
                    p.grad = torch.tensor(curvature[k]) * p.detach() + torch.tensor(e[k])
                step()

        findings = []
        for k in start:
            want = theirs[k].detach().numpy()
            findings.append(compare(f"numpy parameter {k}", ours[k], want, rtol=1e-10, atol=1e-10))
            findings.append(
                compare(f"pytorch_lowlevel parameter {k}", tensors[k].detach().numpy(), want, rtol=1e-10, atol=1e-10)
            )
            for key, value in reference.state[theirs[k]].items():
                if value is None:
                    continue
                for level, state in (("numpy", optimizer.state), ("pytorch_lowlevel", low.state)):
                    got = np.asarray(state.get(key, {}).get(k, np.nan))
                    findings.append(compare(f"{level} state {key}.{k}", got, value.numpy(), rtol=1e-10, atol=1e-10))
        return findings

    return Check(f"optimizer {title}", run, proof="training")


def init_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Standard deviation and range of every rule, on 400 inputs and 300 outputs, beside torch.nn.init's.

    120,000 draws: the standard deviation of the measured standard deviation is 0.2 %, so 2 % is ten of them.
    """
    fan_in, width = 400, 300
    numpy_rules = {
        "standard_uniform": (np.sqrt(1.0 / (3.0 * fan_in)), np.sqrt(1.0 / fan_in)),
        "lecun_uniform": (2.4 / fan_in / np.sqrt(3.0), 2.4 / fan_in),
        "glorot_uniform": (np.sqrt(2.0 / (fan_in + width)), np.sqrt(6.0 / (fan_in + width))),
        "glorot_normal": (np.sqrt(2.0 / (fan_in + width)), None),
        "he_uniform": (np.sqrt(2.0 / fan_in), np.sqrt(6.0 / fan_in)),
        "he_normal": (np.sqrt(2.0 / fan_in), None),
    }
    findings = []
    for name, (sd, bound) in numpy_rules.items():
        weight = getattr(load("mlp_numpy"), name)((width, fan_in), rng=rng)
        findings.append(near(f"numpy {name} standard deviation", weight.std(), sd, 0.02))
        if bound is not None:
            findings.append(near(f"numpy {name} largest", np.abs(weight).max(), bound, 0.001))
    sizes, generator = (fan_in, width, 3), torch.Generator().manual_seed(int(rng.integers(2**31)))
    mlp, low, paper = load("mlp_numpy"), load("mlp_lowlevel"), load("mlp_paper")
    for rule, networks in {
        "he_normal": {
            "numpy MLP": mlp.MLP(sizes, rng=rng).params,
            "pytorch_lowlevel MLP": to_numpy(low.init_mlp(sizes, generator=generator)),
            "paper MLP": to_numpy(_initialised(paper.MLP, paper.init_mlp, sizes, generator)),
        },
        "lecun_uniform": {
            "numpy MLP1998": mlp.MLP1998(sizes, rng=rng).params,
            "pytorch_lowlevel MLP1998": to_numpy(low.init_mlp1998(sizes, generator=generator)),
            "paper MLP1998": to_numpy(_initialised(paper.MLP1998, paper.init_mlp1998, sizes, generator)),
        },
    }.items():
        sd, bound = numpy_rules[rule]
        for what, params in networks.items():
            weight = params["linears.0.weight"]
            findings.append(near(f"{what}, {rule}: standard deviation", float(weight.std()), sd, 0.02))
            if bound is not None:
                findings.append(near(f"{what}, {rule}: largest", float(np.abs(weight).max()), bound, 0.001))
            biases = np.concatenate([params[f"linears.{i}.bias"] for i in range(2)])
            findings.append(compare(f"{what}: biases", biases, np.zeros_like(biases), may_be_zero=True))
    theirs = torch.empty(width, fan_in)
    nn.init.xavier_uniform_(theirs, generator=generator)
    findings.append(near("torch xavier_uniform_", float(theirs.std()), numpy_rules["glorot_uniform"][0], 0.02))
    nn.init.kaiming_normal_(theirs, nonlinearity="relu", generator=generator)
    findings.append(near("torch kaiming_normal_", float(theirs.std()), numpy_rules["he_normal"][0], 0.02))
    nn.init.kaiming_uniform_(theirs, a=5**0.5, generator=generator)  # what nn.Linear does by default
    findings.append(near("torch Linear default", float(theirs.std()), numpy_rules["standard_uniform"][0], 0.02))
    return findings


def _initialised(build: Any, init: Any, sizes: tuple[int, ...], generator: torch.Generator) -> dict[str, Tensor]:
    with torch.random.fork_rng(devices=[]):
        model = build(sizes)
    init(model, generator)
    return model.state_dict()


def dropout_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Mean and values of a mask, and the layer against nn.Dropout when it is given nn.Dropout's own draw."""
    p = 0.4
    mask = load("mlp_numpy").dropout_mask((400, 300), p, rng=rng)
    findings = [
        near("mask mean", float(mask.mean()), 1.0, 0.02),
        near("share of dropped units", float((mask == 0).mean()), p, 0.02),
        compare("mask of a kept unit", mask.max(), 1.0 / (1.0 - p)),
    ]
    layer = nn.Dropout(p).double()
    x = rng.normal(size=(5, 7))
    seed = int(rng.integers(2**31))
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(seed)
        noise = layer(torch.ones(5, 7, dtype=torch.float64)).numpy()
        torch.random.manual_seed(seed)
        want = layer(torch.tensor(x)).numpy()
    return [*findings, compare("against nn.Dropout", load("mlp_numpy").Dropout().forward(x, noise), want)]


def sklearn_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """MLPClassifier with our weights: its probabilities, and its weights after one step of plain gradient descent."""
    import warnings

    from sklearn.neural_network import MLPClassifier

    ladder, lr = load_ladders("02")["mlp"], 0.1
    params = ladder.random_params(rng)
    batch = plain_batch(rng)
    labels = batch["labels"] = np.concatenate([np.arange(SIZES[-1]), batch["labels"][SIZES[-1] :]])  # every class
    theirs: Any = MLPClassifier(
        SIZES[1:-1],
        activation="relu",
        solver="sgd",
        alpha=0.0,
        batch_size=EXAMPLES,  # pyright: ignore[reportArgumentType]
        learning_rate_init=lr,
        momentum=0.0,
        nesterovs_momentum=False,
        shuffle=False,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.partial_fit(batch["images"], labels, classes=np.arange(SIZES[-1]))  # creates the arrays
        for i in range(len(SIZES) - 1):  # scikit-learn's layout is (in, out): the transpose of torch's
            theirs.coefs_[i][...] = params[f"linears.{i}.weight"].T
            theirs.intercepts_[i][...] = params[f"linears.{i}.bias"]
        probabilities = theirs.predict_proba(batch["images"])
        theirs.partial_fit(batch["images"], labels)
    result = ladder.level("numpy", load=load).run(params, batch, training=False)
    softmax = load("logistic_numpy").softmax
    findings = [compare("probabilities", softmax(result.outputs["logits"]), probabilities)]
    for i in range(len(SIZES) - 1):
        weight, bias = f"linears.{i}.weight", f"linears.{i}.bias"
        findings.append(
            compare(f"{weight} after a step", params[weight] - lr * result.grads[weight], theirs.coefs_[i].T)
        )
        findings.append(compare(f"{bias} after a step", params[bias] - lr * result.grads[bias], theirs.intercepts_[i]))
    return findings


def training_step_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Each level's own `training_step` takes the step that the proofs take."""
    ladder = load_ladders("02")["mlp"]
    params, batch = ladder.random_params(rng), ladder.batch(rng)
    want = ladder.levels["paper"].train(params, [batch])
    masks, tensors = masks_of(batch, True), to_torch(batch)
    mlp, low, paper = load("mlp_numpy"), load("mlp_lowlevel"), load("mlp_paper")

    net = mlp.MLP(SIZES, rng=rng)
    net.load(params)
    optimizer = load("optimizers_numpy").AdamW(net.params, **ADAMW)
    losses = {"numpy": mlp.training_step(net, optimizer, batch["images"], batch["labels"], masks)}

    leaves = {name: torch.tensor(p, requires_grad=True) for name, p in params.items()}
    low_optimizer = load("optimizers_lowlevel").AdamW(leaves, **ADAMW)
    given = tensors["images"], tensors["labels"], masks_of(tensors, True)
    losses["pytorch_lowlevel"] = low.training_step(leaves, low_optimizer, *given)

    module = paper.MLP(SIZES).double()
    module.load_state_dict(to_torch(params))
    losses["paper"] = paper.training_step(module, torch.optim.AdamW(module.parameters(), **ADAMW), *given)

    after = {"numpy": net.params, "pytorch_lowlevel": to_numpy(leaves), "paper": to_numpy(module.state_dict())}
    findings = [compare(f"{level} loss", loss, want.losses[0]) for level, loss in losses.items()]
    for level, got in after.items():
        findings += compare_all(f"{level} parameter", got, want.params)
    return findings


def module_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """`Module` names its parameters and buffers as torch.nn.Module does, shares no array twice, and loads or refuses whole."""
    module, linear = load("module_numpy"), load("linear_numpy")

    class Block(module.Module):
        def __init__(self) -> None:
            super().__init__()
            self.add_param("scale", rng.normal(size=3))
            self.add_buffer("mean", rng.normal(size=3))
            self.fc = linear.Linear(3, 2, rng=rng)
            self.again = self.fc  # one array, one parameter

    class TorchBlock(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.zeros(3))
            self.register_buffer("mean", torch.zeros(3))
            self.fc = nn.Linear(3, 2)
            self.again = self.fc

    net, torch_net = module.Module(), nn.Module()
    net.blocks, net.width = [Block(), Block()], 3  # a plain attribute is no layer
    torch_net.blocks = nn.ModuleList([TorchBlock(), TorchBlock()])
    shapes = {name: p.shape for name, p in net.params.items()}
    wanted = {name: tuple(p.shape) for name, p in torch_net.named_parameters()}
    names = {
        "parameters": (shapes, wanted),
        "gradients": ({name: g.shape for name, g in net.grads.items()}, wanted),
        "buffers": (list(net.buffers), [name for name, _ in torch_net.named_buffers()]),
        "layers": ([name for name, _ in net.layers()], ["blocks.0", "blocks.1"]),
    }
    findings = [
        passed(what) if got == want else failed(what, f"are {got}, expected {want}")
        for what, (got, want) in names.items()
    ]

    for grad in net.grads.values():
        grad += 1.0
    net.zero_grads()
    findings += [compare(f"cleared {name}", g, np.zeros_like(g), may_be_zero=True) for name, g in net.grads.items()]

    new = {name: rng.normal(size=p.shape) for name, p in {**net.params, **net.buffers}.items()}
    net.load(new)
    findings += compare_all("loaded", {**net.params, **net.buffers}, new)
    first = next(iter(new))
    for what, wrong in {
        "a missing name": {name: p for name, p in new.items() if name != first},
        "an unknown name": new | {"other": np.ones(3)},
        "a wrong shape": {name: p + 1.0 for name, p in new.items()} | {list(new)[-1]: np.ones(7)},
    }.items():
        try:
            net.load(wrong)
            findings.append(failed(what, "is accepted; load should raise ValueError"))
        except ValueError:
            findings.append(passed(what))
        findings += compare_all(f"after {what}", {**net.params, **net.buffers}, new)
    return findings


def symmetry_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """The network of 1986 takes torch's steps, and in a whole run it finds weights 1, 2, 4 that mirror with opposite sign."""
    symmetry = load("symmetry_numpy")
    bits, symmetric = symmetry.patterns()
    want = [[float(row == row[::-1])] for row in (f"{n:06b}" for n in range(64))]
    findings = [
        compare("patterns", bits @ 2.0 ** np.arange(5, -1, -1), np.arange(64.0)),
        compare("labels", symmetric, want),
    ]

    seed, sweeps = int(rng.integers(2**31)), 5
    start = symmetry.SymmetryNet(rng=np.random.default_rng(seed)).params
    net, solved, errors = symmetry.train_symmetry(np.random.default_rng(seed), most=sweeps)
    w = {name: torch.tensor(p, requires_grad=True) for name, p in start.items()}
    optimizer = torch.optim.SGD(w.values(), lr=0.1, momentum=0.9)
    for sweep in range(sweeps):
        hidden = torch.sigmoid(torch.tensor(bits) @ w["hidden.weight"].T + w["hidden.bias"])
        y = torch.sigmoid(hidden @ w["output.weight"].T + w["output.bias"])
        error = 0.5 * ((y - torch.tensor(want)) ** 2).sum()
        findings.append(compare(f"error of sweep {sweep}", errors[sweep], error.item()))
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    findings += compare_all("after the sweeps", net.params, to_numpy(w))
    findings.append(failed("not solved", "five sweeps cannot do") if solved is not None else passed("not solved"))

    net, solved, _ = symmetry.train_symmetry(np.random.default_rng(2), most=3000)
    if solved is None:
        return [*findings, failed("a whole run", "is not solved within 3,000 sweeps")]
    sizes, departure = symmetry.mirror_pattern(net)
    findings += [near(f"mirror pair {i}", float(sizes[i]), 2.0**i, 0.05) for i in range(3)]
    weight = net.params["hidden.weight"]
    mirrored = float((np.abs(weight + weight[:, ::-1]) / np.abs(weight)).max())
    findings.append(compare("departure from the mirror image", departure, mirrored))
    return [*findings, passed("mirrored") if mirrored < 0.01 else failed("mirrored", f"off by {mirrored:.3g}")]


COUNTS = {  # computed by hand from the widths: sum of (in + 1) out
    (784, 300, 10): 238_510,
    (784, 1000, 10): 795_010,
    (784, 300, 100, 10): 266_610,
    (784, 500, 150, 10): 469_160,
    (784, 1000, 150, 10): 936_660,
    (784, 1000, 1000, 1000, 1000, 1000, 10): 4_799_010,  # Glorot, Bengio 2010
    (6, 2, 1): 17,  # the symmetry network of Rumelhart, Hinton, Williams 1986
}


def count_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Trainable parameters of the networks of the papers, NumPy and paper level."""
    findings = []
    for sizes, want in COUNTS.items():
        name = "-".join(map(str, sizes))
        if max(sizes) < 1000 or len(sizes) < 5:
            ours = load("mlp_numpy").MLP1998(sizes, rng=rng, dtype=np.float32)
            findings.append(compare(f"numpy {name}", sum(p.size for p in ours.params.values()), want))
        with torch.device("meta"):
            module = load("mlp_paper").MLP1998(sizes)
        findings.append(compare(f"paper {name}", sum(p.numel() for p in module.parameters()), want))
    return findings
