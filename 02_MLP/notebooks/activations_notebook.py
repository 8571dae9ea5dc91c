# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Chapter 02: which bend should it be?
#
# Between two linear layers sits a function of one number. It looks like the least important part of a network, and it decides
# whether a deep one can be trained. This notebook draws eight of them, follows a gradient through ten layers of each, kills a
# unit on purpose, and ends with a table of when to use which.
#
# The code is [activations_numpy.py](../numpy/activations_numpy.py); [activations.md](../activations.md) is the reference, with
# a section for each function.

# %%
import numpy as np
import torch
from activations_numpy import ELU, GELU, Activation, GELUTanh, LeakyReLU, ReLU, ScaledTanh, Sigmoid, SiLU, Softmax, Tanh
from linear_numpy import Linear
from logistic_numpy import CrossEntropyLoss
from mlp_numpy import glorot_normal, he_normal
from optimizers_numpy import SGD
from torch.nn import functional as F

from utils.digits import digits
from utils.figures.curves import curve_panels, curves
from utils.figures.layers import gradient_flow
from utils.notebooks import compare, show, source

FUNCTIONS = {
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "scaled tanh": ScaledTanh,
    "ReLU": ReLU,
    "leaky ReLU": LeakyReLU,
    "ELU": ELU,
    "GELU": GELU,
    "SiLU": SiLU,
}

# %% [markdown]
# ## What does each one do?
#
# Solid: what the unit passes on. Dashed: its derivative, the factor by which a gradient is multiplied on its way back. Look at
# the dashed line first. Wherever it is near zero, the unit still computes, but nothing behind it learns.

# %%
x = np.linspace(-5.0, 5.0, 201)
panels = {}
for name, kind in FUNCTIONS.items():
    layer = kind()
    y = layer.forward(x)
    panels[name] = {"f(x)": (x, y), "f'(x)": (x, layer.backward(np.ones_like(x)))}
show(curve_panels(panels, columns=4, title="Eight activations and their derivatives"))

# %% [markdown]
# Each is two short functions, `f` and `df`; the class around them multiplies by the incoming gradient. The derivative gets the
# output `y` as well, because for some functions that makes it nearly free.

# %%
source(Activation.backward, Sigmoid.df, Tanh.df, ReLU.df, ELU.df)

# %% [markdown]
# ## Are the derivatives right?
#
# The same inputs through torch, with autograd on the other side. The last two inputs are extreme on purpose: a careless
# `exp(x)` overflows there.

# %%
inputs = np.concatenate([np.linspace(-4.0, 4.0, 33), [-1e3, 1e3]])
torch_functions = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "scaled tanh": lambda t: 1.7159 * torch.tanh(t * 2 / 3),
    "ReLU": F.relu,
    "leaky ReLU": F.leaky_relu,
    "ELU": F.elu,
    "GELU": F.gelu,
    "SiLU": F.silu,
}
ours, theirs = {}, {}
for name, function in torch_functions.items():
    layer = FUNCTIONS[name]()
    ours[f"{name}, output"] = layer.forward(inputs)
    ours[f"{name}, gradient"] = layer.backward(np.ones_like(inputs))
    t = torch.tensor(inputs, requires_grad=True)
    theirs[f"{name}, output"] = function(t)
    theirs[f"{name}, output"].sum().backward()
    theirs[f"{name}, gradient"] = t.grad
compare(ours, theirs)

# %% [markdown]
# ## Saturation: what ten layers do to a gradient
#
# A sigmoid's derivative is at most 1/4. Ten of them in a row leave at most $4^{-10}$, a millionth, of the gradient. Send one
# gradient back through ten layers and measure what arrives at each. The weights are scaled to suit the function: Glorot's rule
# for the S-shaped ones, He's for the others.

# %%
WIDTH, DEPTH = 64, 10
rules = {
    name: glorot_normal if name in ("sigmoid", "tanh") else he_normal for name in ("sigmoid", "tanh", "ReLU", "GELU")
}
gradients = {}
for name, rule in rules.items():
    rng = np.random.default_rng(0)
    stack = []
    for _ in range(DEPTH):
        linear = Linear(WIDTH, WIDTH, rng=rng)
        linear.params["weight"][...] = rule((WIDTH, WIDTH), rng=rng)
        stack += [linear, FUNCTIONS[name]()]
    h = rng.normal(size=(100, WIDTH))
    for layer in stack:
        h = layer.forward(h)
    dy, arriving = rng.normal(size=h.shape), {}
    for depth, layer in zip(range(2 * DEPTH, 0, -1), reversed(stack), strict=True):
        dy = layer.backward(dy)
        if depth % 2:  # odd places are the linear layers
            arriving[f"{(depth + 1) // 2}"] = dy
    gradients[name] = dict(reversed(arriving.items()))
show(gradient_flow(gradients, title="Gradient at each layer"))

# %% [markdown]
# Under the sigmoid the first layer receives two millionths of what the last one does. It is not slow to learn: it does not
# learn. The others hold the gradient at about its size, which is why networks with more than a few layers use them.
#
# ## A dead unit
#
# ReLU has no derivative on the left. If a unit's bias is so negative that no example reaches the bend, its gradient is exactly
# zero, and it stays off for ever. One step with a learning rate that is far too high is enough. Count the units of one hidden
# layer that are off for every training digit, for ReLU and for its leaky cousin.

# %%
data = digits("train", flat=True)
images, labels = data["images"], data["labels"]


def train(kind, lr, steps=60):
    """Losses and the share of hidden units whose derivative is zero on every image."""
    rng = np.random.default_rng(1)
    first, bend, second, criterion = Linear(64, 100, rng=rng), kind(), Linear(100, 10, rng=rng), CrossEntropyLoss()
    optimizers = [(layer, SGD(layer.params, lr)) for layer in (first, second)]
    losses, dead = [], []
    for _ in range(steps):
        rows = rng.integers(0, len(images), 64)
        losses.append(criterion.forward(second.forward(bend.forward(first.forward(images[rows]))), labels[rows]))
        for layer, _ in optimizers:
            layer.zero_grads()
        first.backward(bend.backward(second.backward(criterion.backward())))
        for layer, optimizer in optimizers:
            optimizer.step(layer.grads)
        z = first.forward(images)
        bend.forward(z)
        dead.append(float((bend.backward(np.ones_like(z)) == 0).all(axis=0).mean()))
    return losses, dead


shares = {}
for name, kind, lr in (
    ("ReLU, lr 0.1", ReLU, 0.1),
    ("ReLU, lr 1.5", ReLU, 1.5),
    ("leaky ReLU, lr 1.5", LeakyReLU, 1.5),
):
    losses, shares[name] = train(kind, lr)
    print(f"{name:18} dead at the end {shares[name][-1]:4.0%}   loss {np.mean(losses[-10:]):.2f}")
show(curves(shares, ylabel="share of dead hidden units", title="Units that no example can wake"))

# %% [markdown]
# The leaky units all survive, because their gradient is never exactly zero. Look at the losses, though: at the high learning
# rate neither network beats the careful one, and the leaky one does worst. A dead unit is a symptom. The cause is the step that
# killed it.
#
# ## Two functions that share a name
#
# GELU exists in two forms: the exact one (BERT, ViT) and one with a tanh (GPT-2). They differ by at most 0.0005. No plot of
# theirs and no accuracy will show it, but a checkpoint loaded with the wrong one gives other numbers.

# %%
difference = GELU().forward(x) - GELUTanh().forward(x)
print(f"largest difference {np.abs(difference).max():.1e}, at x = {x[np.abs(difference).argmax()]:.2f}")
show(curves({"exact - tanh form": (x, difference)}, xlabel="x", ylabel="difference", title="The two forms of GELU"))

# %% [markdown]
# ## Softmax is not like the others
#
# The eight above work on each number alone. Softmax works on a row: raise one score, and every probability changes. Here the
# first of three scores runs from -6 to 6 while the others stay at 0 and 1.

# %%
scores = np.stack([np.linspace(-6, 6, 121), np.zeros(121), np.ones(121)], axis=1)
p = Softmax().forward(scores)
show(
    curves(
        {f"score {i + 1}": (scores[:, 0], p[:, i]) for i in range(3)},
        xlabel="the first score",
        ylabel="probability",
        title="Softmax of three scores",
    )
)
source(Softmax.backward)

# %% [markdown]
# ## Which one, when?
#
# | you are building | use | because |
# | --- | --- | --- |
# | a network from a paper | the paper's | the initial weights and the learning rate were tuned with it |
# | a feed-forward or convolutional network | ReLU, with He's initialisation | cheap, does not saturate on the right |
# | the same, and many units die | leaky ReLU, or a smaller learning rate | a slope on the left lets a unit come back |
# | a Transformer | GELU or SiLU | smooth; what the published models use |
# | a recurrent cell | tanh, with sigmoid gates | the state must stay bounded; a gate is a share between 0 and 1 |
# | a probability at the output | sigmoid or softmax | and train on the logits, so that nothing overflows |
# | a number at the output | none | a bend would limit what can be predicted |
#
# ## What to change next
#
# 1. **Let tanh saturate.** In the cell with the ten layers, multiply the weights of every `linear` by 3. Which of the four
#    functions loses its gradient, and which one's grows without limit?
# 2. **Revive them.** In the cell with the dead units, replace `ReLU` by `ELU` or `GELU` at the high learning rate. Does the
#    loss come down too, or was the learning rate the real problem?
# 3. **Write one of your own.** Derive a class from `Activation` with `f` and `df`, softplus for instance, $\log(1 + e^x)$.
#    Its derivative is an old friend. Add it to `FUNCTIONS` and to `torch_functions` (`F.softplus`), and see whether it
#    agrees at $x = 1000$.
