"""The contract of chapter 02: the modern perceptron and the one of 1998, each at every level."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from logistic_lowlevel import cross_entropy
from logistic_numpy import CrossEntropyLoss
from torch import Tensor, nn
from torch.nn import functional as F

from utils.data_loaders import load_dataset
from utils.ladder import (
    Batch,
    Bench,
    Check,
    Climb,
    Deviation,
    Ladder,
    LayerCase,
    Level,
    Overfit,
    Params,
    Script,
)
from utils.numpy_level import NumpyLevel
from utils.parity import Finding, compare, failed, passed
from utils.planting import load_mistakes
from utils.torch_levels import LowLevel, ModuleLevel

MISTAKES = load_mistakes(Path(__file__).parent)

SIZES = (11, 7, 5, 3)  # distinct primes: a transposed or swapped axis cannot go unnoticed
EXAMPLES = 13
DROPOUT = 0.3
ADAMW: dict[str, Any] = {"lr": 1e-3, "weight_decay": 1e-2}
SGD_1998: dict[str, Any] = {"lr": 0.01}


# ---- parameters and batches ----


def random_params(rng: np.random.Generator, sizes: tuple[int, ...] = SIZES) -> Params:
    """Weights and biases all random: a bias of zero would hide that it is never added."""
    params = {}
    for i, (fan_in, width) in enumerate(pairwise(sizes)):
        params[f"linears.{i}.weight"] = rng.normal(size=(width, fan_in)) * np.sqrt(2.0 / fan_in)
        params[f"linears.{i}.bias"] = rng.normal(size=width) * 0.5
    return params


def fresh_params(numpy_model: str, sizes: tuple[int, ...], dtype: Any = np.float64) -> Callable:
    """The NumPy level's own initialisation, at other sizes."""

    def init(rng: np.random.Generator) -> Params:
        model = getattr(importlib.import_module("mlp_numpy"), numpy_model)(sizes, rng=rng, dtype=dtype)
        return {name: p.copy() for name, p in model.params.items()}

    return init


def with_masks(batch: Batch, widths: tuple[int, ...], p: float, rng: np.random.Generator) -> Batch:
    """The batch, with a dropout mask "mask0", "mask1", ... for each hidden layer."""
    dropout_mask = importlib.import_module("mlp_numpy").dropout_mask
    n = len(batch["labels"])
    return batch | {f"mask{i}": dropout_mask((n, width), p, rng=rng) for i, width in enumerate(widths)}


def masks_of(batch: Mapping[str, Any], training: bool) -> list[Any] | None:
    """The dropout masks of a batch in order; None in evaluation and where there are none."""
    names = sorted(name for name in batch if name.startswith("mask"))
    return [batch[name] for name in names] if training and names else None


def plain_batch(rng: np.random.Generator) -> Batch:
    return {"images": rng.normal(size=(EXAMPLES, SIZES[0])), "labels": rng.integers(0, SIZES[-1], EXAMPLES)}


def masked_batch(rng: np.random.Generator) -> Batch:
    return with_masks(plain_batch(rng), SIZES[1:-1], DROPOUT, rng)


def sizes_of(params: Params) -> dict[str, Any]:
    """The widths of the network whose parameters these are."""
    weights = [params[f"linears.{i}.weight"] for i in range(len(params) // 2)]
    return {"sizes": (weights[0].shape[1], *(w.shape[0] for w in weights))}


# ---- the modern network at each level ----

MLP_TRACE = (*(f"{part}.{i}" for i in range(2) for part in ("linears", "relus", "dropouts")), "linears.2")


def numpy_mlp(module: ModuleType) -> Level:
    criterion = CrossEntropyLoss()

    def one_pass(model: Any, batch: Batch, training: bool) -> tuple[dict, float, Callable]:
        logits = model.forward(batch["images"], masks_of(batch, training))
        loss = criterion.forward(logits, batch["labels"])
        return {"logits": logits}, loss, lambda inputs: {"images": model.backward(criterion.backward())}

    def optimizer(model: Any, **options: Any) -> Any:
        return importlib.import_module("optimizers_numpy").AdamW(model.params, **ADAMW | options)

    def build(rng: np.random.Generator, dtype: Any, sizes: tuple[int, ...] = SIZES) -> Any:
        return module.MLP(sizes, rng=rng, dtype=dtype)

    return NumpyLevel(build, one_pass, optimizer, activations=MLP_TRACE, sizes=sizes_of)


def lowlevel_mlp(module: ModuleType) -> Level:
    def one_pass(params: dict[str, Tensor], batch: dict[str, Tensor], training: bool) -> tuple[dict, Tensor, dict]:
        logits, activations = module.mlp(params, batch["images"], masks_of(batch, training))
        return {"logits": logits}, cross_entropy(logits, batch["labels"]), activations

    def optimizer(params: dict[str, Tensor], **options: Any) -> Any:
        return importlib.import_module("optimizers_lowlevel").AdamW(params, **ADAMW | options)

    return LowLevel(lambda g: module.init_mlp(SIZES, generator=g), one_pass, optimizer, inputs=("images",))


def paper_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
    logits = model(batch["images"], masks_of(batch, model.training))
    return {"logits": logits}, F.cross_entropy(logits, batch["labels"])


def paper_mlp(module: ModuleType) -> Level:
    return ModuleLevel(
        lambda sizes=SIZES: module.MLP(sizes),
        paper_pass,
        lambda model, **options: torch.optim.AdamW(model.parameters(), **ADAMW | options),
        inputs=("images",),
        init=module.init_mlp,
        activations=MLP_TRACE,
        sizes=sizes_of,
    )


def sequential(sizes: tuple[int, ...]) -> nn.Sequential:
    """Linear, ReLU, ..., Linear from torch.nn alone."""
    parts: list[nn.Module] = []
    for fan_in, width in pairwise(sizes):
        parts += [nn.Linear(fan_in, width), nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def sequential_names(sizes: tuple[int, ...]) -> dict[str, str]:
    return {f"linears.{i}.{p}": f"{2 * i}.{p}" for i in range(len(sizes) - 1) for p in ("weight", "bias")}


def sequential_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
    x, masks = batch["images"], iter(masks_of(batch, model.training) or ())
    for part in model:
        x = part(x)
        if isinstance(part, nn.ReLU) and model.training:
            x = x * next(masks, 1.0)
    return {"logits": x}, F.cross_entropy(x, batch["labels"])


SEQUENTIAL = ModuleLevel(
    lambda sizes=SIZES: sequential(sizes),
    sequential_pass,
    lambda model, **options: torch.optim.AdamW(model.parameters(), **ADAMW | options),
    inputs=("images",),
    names=sequential_names(SIZES),
    sizes=sizes_of,
)


# ---- the network of 1998 at each level ----

TRACE_1998 = tuple(f"{part}.{i}" for i in range(3) for part in ("linears", "squashes"))


def numpy_mlp1998(module: ModuleType) -> Level:
    criterion = module.SquaredError()

    def one_pass(model: Any, batch: Batch, training: bool) -> tuple[dict, float, Callable]:
        outputs = model.forward(batch["images"])
        targets = module.one_of_k(batch["labels"], outputs.shape[1]).astype(outputs.dtype)
        loss = criterion.forward(outputs, targets)
        return {"outputs": outputs}, loss, lambda inputs: {"images": model.backward(criterion.backward())}

    def optimizer(model: Any, **options: Any) -> Any:
        return importlib.import_module("optimizers_numpy").SGD(model.params, **SGD_1998 | options)

    def build(rng: np.random.Generator, dtype: Any, sizes: tuple[int, ...] = SIZES) -> Any:
        return module.MLP1998(sizes, rng=rng, dtype=dtype)

    return NumpyLevel(build, one_pass, optimizer, activations=TRACE_1998, sizes=sizes_of)


def lowlevel_mlp1998(module: ModuleType) -> Level:
    def one_pass(params: dict[str, Tensor], batch: dict[str, Tensor], training: bool) -> tuple[dict, Tensor, dict]:
        outputs, activations = module.mlp1998(params, batch["images"])
        targets = module.one_of_k(batch["labels"], outputs.shape[1]).to(outputs.dtype)
        return {"outputs": outputs}, module.squared_error(outputs, targets), activations

    def optimizer(params: dict[str, Tensor], **options: Any) -> Any:
        return importlib.import_module("optimizers_lowlevel").SGD(params, **SGD_1998 | options)

    return LowLevel(lambda g: module.init_mlp1998(SIZES, generator=g), one_pass, optimizer, inputs=("images",))


def paper_mlp1998(module: ModuleType) -> Level:
    def one_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
        outputs = model(batch["images"])
        return {"outputs": outputs}, module.squared_error(outputs, batch["labels"])

    return ModuleLevel(
        lambda sizes=SIZES: module.MLP1998(sizes),
        one_pass,
        lambda model, **options: torch.optim.SGD(model.parameters(), **SGD_1998 | options),
        inputs=("images",),
        init=module.init_mlp1998,
        activations=TRACE_1998,
        sizes=sizes_of,
    )


def tanh_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
    """torch.nn has no scaled tanh: its Linear and Tanh, with the two constants between them."""
    x = batch["images"]
    for part in model:
        x = 1.7159 * part(2.0 / 3.0 * x) if isinstance(part, nn.Tanh) else part(x)
    targets = torch.full_like(x, -1.0).scatter_(1, batch["labels"][:, None], 1.0)
    return {"outputs": x}, 0.5 * F.mse_loss(x, targets, reduction="none").sum(1).mean()


def tanh_sequential(sizes: tuple[int, ...] = SIZES) -> nn.Sequential:
    return nn.Sequential(*(part for i, o in pairwise(sizes) for part in (nn.Linear(i, o), nn.Tanh())))


SEQUENTIAL_1998 = ModuleLevel(
    tanh_sequential,
    tanh_pass,
    lambda model, **options: torch.optim.SGD(model.parameters(), **SGD_1998 | options),
    inputs=("images",),
    names=sequential_names(SIZES),
    sizes=sizes_of,
)


# ---- layers: each against central differences and the torch operation ----


def part(module: ModuleType, name: str, home: str) -> Any:
    """A class of the level's own module, or of the module of this chapter that holds it."""
    return getattr(module, name) if hasattr(module, name) else getattr(importlib.import_module(home), name)


def activation_cases(name: str, torch_op: Callable[[Tensor], Tensor]) -> tuple[LayerCase, LayerCase]:
    """An activation at ordinary values, and at its tie (zero), its saturation, and extremes."""

    def ordinary(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
        return part(module, name, "activations_numpy")(), (rng.normal(size=(5, 7)) * 2.0,)

    def extreme(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
        x = np.array([[0.0, -0.0, 1e-300, -1e-300, 6.0, -6.0, 30.0], [-30.0, 710.0, -710.0, 1e4, -1e4, 1.0, -1.0]])
        return part(module, name, "activations_numpy")(), (x,)

    op = lambda params, x: torch_op(x)  # noqa: E731
    return LayerCase(name, ordinary, op), LayerCase(f"{name} at zero and extremes", extreme, op, smooth=False)


def dropout_case(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    return module.Dropout(), (rng.normal(size=(5, 7)), module.dropout_mask((5, 7), DROPOUT, rng=rng))


def squared_error_case(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    return module.SquaredError(), (rng.normal(size=(5, 7)), rng.normal(size=(5, 7)))


def softmax_3d(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    return part(module, "Softmax", "activations_numpy")(), (rng.normal(size=(2, 3, 5)),)


ACTIVATION_LAYERS = (
    *activation_cases("Sigmoid", torch.sigmoid),
    *activation_cases("Tanh", torch.tanh),
    *activation_cases("ReLU", F.relu),
    *activation_cases("LeakyReLU", F.leaky_relu),
    *activation_cases("ELU", F.elu),
    *activation_cases("GELU", F.gelu),
    *activation_cases("GELUTanh", lambda x: F.gelu(x, approximate="tanh")),
    *activation_cases("SiLU", F.silu),
    *activation_cases("Softmax", lambda x: torch.softmax(x, dim=-1)),
    LayerCase("Softmax on three axes", softmax_3d, lambda params, x: torch.softmax(x, dim=-1)),
)
LAYERS_1998 = (
    *activation_cases("ScaledTanh", lambda x: 1.7159 * torch.tanh(2.0 / 3.0 * x)),
    LayerCase("SquaredError", squared_error_case, lambda params, y, t: 0.5 * ((y - t) ** 2).sum(1).mean()),
)


# ---- checks: optimizers, initialisation, dropout, counts, scikit-learn ----

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


def near(what: str, got: float, want: float, tolerance: float) -> Finding:
    """A measured statistic against its expected value, within a relative tolerance."""
    off = abs(got / want - 1.0)
    return passed(what, off) if off <= tolerance else failed(what, f"{got:.5g}, expected {want:.5g} +- {tolerance:.0%}")


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


# ---- real data without a network: the digits of scikit-learn ----


def digits(split: str) -> Batch:
    """8x8 images, mapped to the range [-0.1, 1.175] that LeCun et al. 1998 use. Returns: images (N, 64), labels (N,)"""
    data = load_dataset("digits", split).arrays
    images = data["images"].reshape(len(data["images"]), -1) / data["images"].max() * 1.275 - 0.1
    return {"images": images, "labels": data["labels"]}


def digit_batches(rng: np.random.Generator, steps: int, widths: tuple[int, ...] = ()) -> Iterator[Batch]:
    data = digits("train")
    for _ in range(steps):
        chosen = rng.integers(0, len(data["labels"]), 50)
        batch = {"images": data["images"][chosen], "labels": data["labels"][chosen]}
        yield with_masks(batch, widths, 0.1, rng)


def accuracy(outputs: dict[str, np.ndarray], batch: Batch) -> float:
    return float((next(iter(outputs.values())).argmax(axis=1) == batch["labels"]).mean())


DIGITS = "digits (1,797 images of 8x8, scikit-learn)"
CLIMB_SIZES = (64, 32, 16, 10)
MNIST_SIZES = (784, 300, 100, 10)


def mnist_sized(rng: np.random.Generator, masks: bool) -> Batch:
    batch = {"images": rng.normal(size=(64, 784)).astype(np.float32), "labels": rng.integers(0, 10, 64)}
    return with_masks(batch, MNIST_SIZES[1:-1], DROPOUT, rng) if masks else batch


def tiny_training(config: str, level: str) -> Callable[[Path], object]:
    def run(folder: Path) -> object:
        script = importlib.import_module("train_mlp")
        from utils.config import load_config

        configs = Path(__file__).parent / "paper" / "configs"
        return script.main(load_config(config, script.CONFIG, ["epochs=1"], folder=configs), folder, level=level)

    return run


# ---- the ladders ----

MLP = Ladder(
    name="mlp",
    chapter="02",
    paper="Rumelhart, Hinton, Williams 1986; Glorot, Bengio 2010; He, Zhang, Ren, Sun 2015; Srivastava et al. 2014",
    init=random_params,
    batch=masked_batch,
    modules={"numpy": "mlp_numpy", "pytorch_lowlevel": "mlp_lowlevel", "paper": "mlp_paper"},
    builders={"numpy": numpy_mlp, "pytorch_lowlevel": lowlevel_mlp, "paper": paper_mlp},
    references={"torch.nn.Sequential": SEQUENTIAL},
    activations=MLP_TRACE,
    layers=(
        *ACTIVATION_LAYERS,
        LayerCase("Dropout", dropout_case, lambda params, x, mask: x * mask.detach()),
    ),
    checks=(
        *(optimizer_check(title) for title in OPTIMIZERS),
        Check("initialisation statistics", init_check, proof="levels"),
        Check("dropout", dropout_check, proof="levels"),
        Check("scikit-learn MLPClassifier", sklearn_check),
    ),
    mistakes=MISTAKES["mlp"],
    deviations=(
        Deviation(
            "Dropout takes its mask as an input; nn.Dropout draws it from the global random stream.",
            "All levels must see the same draw. Given nn.Dropout's own draw, ours is equal to it.",
            "check: dropout",
        ),
        Deviation(
            "Initial weights follow He's rule; torch.nn.Linear's default is U(+-1/sqrt fan_in), Glorot's equation 1.",
            "The default has a sixth of the variance that a ReLU network needs to keep its signal.",
            "check: initialisation statistics",
        ),
        Deviation(
            "The output layer is drawn by He's rule too, though no ReLU follows it.",
            "One rule for every layer; He et al. 2015 note that the factor of one layer does not matter.",
            "check: initialisation statistics",
        ),
        Deviation(
            "GELU's erf is a table with a Taylor step, since NumPy has none.",
            "A loop over math.erf takes several times as long.",
            "02_MLP/numpy/test_activations_numpy.py::test_erf_is_the_error_function",
        ),
    ),
    scripts=(
        Script("train_mlp tiny, paper level", tiny_training("tiny", "paper")),
        Script("train_mlp tiny, NumPy level", tiny_training("tiny", "numpy")),
    ),
    overfit=Overfit(steps=150, loss=0.2, options={"lr": 0.03}),
    climb=Climb(
        dataset=DIGITS,
        batches=lambda rng, steps: digit_batches(rng, steps, CLIMB_SIZES[1:-1]),
        test=lambda: digits("test"),
        metric="accuracy",
        score=accuracy,
        init=fresh_params("MLP", CLIMB_SIZES),
        steps=400,
        options={"lr": 3e-3},
    ),
    bench=Bench(
        init=fresh_params("MLP", MNIST_SIZES, np.float32),
        batch=lambda rng: mnist_sized(rng, masks=True),
        what="784-300-100-10, batch 64, dropout, AdamW",
    ),
    train_script="train_mlp",
)

MLP1998 = Ladder(
    name="mlp1998",
    chapter="02",
    paper="LeCun, Bottou, Bengio, Haffner 1998, sections III-C.5 and C.6, Appendix A",
    init=random_params,
    batch=plain_batch,
    modules={"numpy": "mlp_numpy", "pytorch_lowlevel": "mlp_lowlevel", "paper": "mlp_paper"},
    builders={"numpy": numpy_mlp1998, "pytorch_lowlevel": lowlevel_mlp1998, "paper": paper_mlp1998},
    references={"torch.nn.Linear and Tanh": SEQUENTIAL_1998},
    activations=TRACE_1998,
    layers=LAYERS_1998,
    checks=(
        Check("initialisation statistics", init_check, proof="levels"),
        Check("parameter count", count_check),
    ),
    mistakes=MISTAKES["mlp1998"],
    deviations=(
        Deviation(
            "Plain gradient descent in mini-batches of 10, learning rate 0.04, 0.012, 0.004; the paper takes one example at"
            " a time and scales each weight's step by an estimate of the second derivative.",
            "Plain steps are what this chapter derives. The results say how far they come: above the paper's figures.",
            "02_MLP/paper/test_train_mlp.py::test_the_schedule_of_1998",
        ),
        Deviation(
            "The two-layer network that the text calls 28x28-1000-150-10 stands in the paper's figure 9 as 28x28-500-150-10.",
            "We train 28x28-300-100-10, where the text and the figure agree.",
            "check: parameter count",
        ),
        Deviation(
            "The loss is the mean over the batch of 1/2 sum (y - t)^2; the papers sum over the examples.",
            "A learning rate then means the same at every batch size.",
            "02_MLP/numpy/test_mlp_numpy.py::test_squared_error_is_the_papers_up_to_the_batch_size",
        ),
    ),
    scripts=(Script("train_mlp tiny1998, low level", tiny_training("tiny1998", "pytorch_lowlevel")),),
    overfit=Overfit(steps=400, loss=0.5, options={"lr": 0.1}),
    climb=Climb(
        dataset=DIGITS,
        batches=lambda rng, steps: digit_batches(rng, steps),
        test=lambda: digits("test"),
        metric="accuracy",
        score=accuracy,
        init=fresh_params("MLP1998", CLIMB_SIZES),
        steps=400,
        options={"lr": 0.1},
    ),
    bench=Bench(
        init=fresh_params("MLP1998", MNIST_SIZES, np.float32),
        batch=lambda rng: mnist_sized(rng, masks=False),
        what="784-300-100-10, batch 64, SGD",
    ),
    train_script="train_mlp",
)

LADDERS = {"mlp": MLP, "mlp1998": MLP1998}
