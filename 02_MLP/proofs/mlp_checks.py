"""The chapter's own proofs: optimizers, initialisation, dropout, scikit-learn, the papers' counts of parameters.

Each is a function (modules by level, generator) -> findings, declared in `../ladder.py`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch
from mlp_levels import EXAMPLES, SIZES, numpy_mlp, plain_batch, random_params
from torch import Tensor, nn

from utils.ladder import Check
from utils.parity.compare import compare
from utils.parity.finding import Finding
from utils.proofs import near, part

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

    def run(modules: Mapping[str, ModuleType], rng: np.random.Generator) -> list[Finding]:
        start = {"weight": rng.normal(size=(5, 3)), "bias": rng.normal(size=7)}
        # A quadratic with random curvature and noise: gradients of many sizes, that depend on the parameters.
        curvature = {k: np.exp(rng.normal(size=p.shape)) for k, p in start.items()}
        noise = [{k: rng.normal(size=p.shape) for k, p in start.items()} for _ in range(OPTIMIZER_STEPS)]

        ours = {k: p.copy() for k, p in start.items()}
        optimizer = getattr(importlib.import_module("optimizers_numpy"), name)(ours, **options)
        tensors = {k: torch.tensor(p, requires_grad=True) for k, p in start.items()}
        low = getattr(importlib.import_module("optimizers_lowlevel"), name)(tensors, **options)
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


def init_check(modules: Mapping[str, ModuleType], rng: np.random.Generator) -> list[Finding]:
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
        weight = part(modules["numpy"], name, "mlp_numpy")((width, fan_in), rng=rng)
        findings.append(near(f"numpy {name} standard deviation", weight.std(), sd, 0.02))
        if bound is not None:
            findings.append(near(f"numpy {name} largest", np.abs(weight).max(), bound, 0.001))
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    low, paper = modules["pytorch_lowlevel"], modules["paper"]
    for level, modern, old in (
        ("pytorch_lowlevel", lambda: low.init_mlp((fan_in, width, 3), generator=generator), None),
        ("pytorch_lowlevel", None, lambda: low.init_mlp1998((fan_in, width, 3), generator=generator)),
        ("paper", lambda: _init_module(paper.MLP, paper.init_mlp, (fan_in, width, 3), generator), None),
        ("paper", None, lambda: _init_module(paper.MLP1998, paper.init_mlp1998, (fan_in, width, 3), generator)),
    ):
        rule = "he_normal" if modern else "lecun_uniform"
        weight = (modern or old)()["linears.0.weight"].detach()  # pyright: ignore[reportOptionalCall]
        findings.append(near(f"{level} {rule} standard deviation", float(weight.std()), numpy_rules[rule][0], 0.02))
    theirs = torch.empty(width, fan_in)
    nn.init.xavier_uniform_(theirs, generator=generator)
    findings.append(near("torch xavier_uniform_", float(theirs.std()), numpy_rules["glorot_uniform"][0], 0.02))
    nn.init.kaiming_normal_(theirs, nonlinearity="relu", generator=generator)
    findings.append(near("torch kaiming_normal_", float(theirs.std()), numpy_rules["he_normal"][0], 0.02))
    nn.init.kaiming_uniform_(theirs, a=5**0.5, generator=generator)  # what nn.Linear does by default
    findings.append(near("torch Linear default", float(theirs.std()), numpy_rules["standard_uniform"][0], 0.02))
    return findings


def _init_module(build: Any, init: Any, sizes: tuple[int, ...], generator: torch.Generator) -> dict[str, Tensor]:
    with torch.random.fork_rng(devices=[]):
        model = build(sizes)
    init(model, generator)
    return model.state_dict()


def dropout_check(modules: Mapping[str, ModuleType], rng: np.random.Generator) -> list[Finding]:
    """Mean and values of a mask, and the layer against nn.Dropout when it is given nn.Dropout's own draw."""
    p = 0.4
    mask = modules["numpy"].dropout_mask((400, 300), p, rng=rng)
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
    return [*findings, compare("against nn.Dropout", modules["numpy"].Dropout().forward(x, noise), want)]


def sklearn_check(modules: Mapping[str, ModuleType], rng: np.random.Generator) -> list[Finding]:
    """MLPClassifier with our weights: its probabilities, and its weights after one step of plain gradient descent."""
    import warnings

    from sklearn.neural_network import MLPClassifier

    params, lr = random_params(rng), 0.1
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
    result = numpy_mlp(modules["numpy"]).run(params, batch, training=False)
    softmax = importlib.import_module("logistic_numpy").softmax
    findings = [compare("probabilities", softmax(result.outputs["logits"]), probabilities)]
    for i in range(len(SIZES) - 1):
        weight, bias = f"linears.{i}.weight", f"linears.{i}.bias"
        findings.append(
            compare(f"{weight} after a step", params[weight] - lr * result.grads[weight], theirs.coefs_[i].T)
        )
        findings.append(compare(f"{bias} after a step", params[bias] - lr * result.grads[bias], theirs.intercepts_[i]))
    return findings


COUNTS = {  # computed by hand from the widths: sum of (in + 1) out
    (784, 300, 10): 238_510,
    (784, 1000, 10): 795_010,
    (784, 300, 100, 10): 266_610,
    (784, 500, 150, 10): 469_160,
    (784, 1000, 150, 10): 936_660,
    (784, 1000, 1000, 1000, 1000, 1000, 10): 4_799_010,  # Glorot, Bengio 2010
    (6, 2, 1): 17,  # the symmetry network of Rumelhart, Hinton, Williams 1986
}


def count_check(modules: Mapping[str, ModuleType], rng: np.random.Generator) -> list[Finding]:
    """Trainable parameters of the networks of the papers, NumPy and paper level."""
    findings = []
    for sizes, want in COUNTS.items():
        name = "-".join(map(str, sizes))
        if max(sizes) < 1000 or len(sizes) < 5:
            ours = modules["numpy"].MLP1998(sizes, rng=rng, dtype=np.float32)
            findings.append(compare(f"numpy {name}", sum(p.size for p in ours.params.values()), want))
        with torch.device("meta"):
            module = modules["paper"].MLP1998(sizes)
        findings.append(compare(f"paper {name}", sum(p.numel() for p in module.parameters()), want))
    return findings
