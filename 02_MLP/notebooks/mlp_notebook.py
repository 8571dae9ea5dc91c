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
# # Chapter 02: what do hidden layers buy?
#
# A linear model draws straight lines. Put a second layer on top of the first and nothing changes, because a line through a
# line is a line. Put a bend between the two and everything does. In this notebook you watch a network fold the plane, build
# it in NumPy and in PyTorch, check that the two agree, train it, and see how the optimizer and the initial weights decide
# whether it learns at all.
#
# The formulas are derived in [theory.md](../theory.md). The bends themselves have
# [a notebook of their own](activations_notebook.ipynb).

# %%
import mlp_paper
import numpy as np
import torch
from linear_numpy import Linear
from logistic_numpy import CrossEntropyLoss, softmax
from mlp_numpy import MLP, dropout_mask, he_normal, standard_uniform, training_step
from optimizers_numpy import SGD, Adam

from utils.digits import digit_batches, digits
from utils.figures.curves import curves, loss_and_accuracy
from utils.figures.images import filters, image_grid
from utils.figures.layers import histograms
from utils.figures.planes import decision_boundary
from utils.notebooks import compare, show, source

# %% [markdown]
# ## A problem that no line can solve
#
# Three arms of a spiral, wound around one another. Every straight cut leaves most of the points on the wrong side.

# %%
rng = np.random.default_rng(0)
ARMS, POINTS = 3, 100
radius = np.tile(np.linspace(0.1, 1.0, POINTS), ARMS)
labels = np.repeat(np.arange(ARMS), POINTS)
angle = 4.0 * radius + labels * 2 * np.pi / ARMS + rng.normal(scale=0.15, size=ARMS * POINTS)
spiral = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)  # (300, 2)


def train(model, optimizer, steps):
    return [training_step(model, optimizer, spiral, labels, None) for _ in range(steps)]


class Stacked:
    """Two linear layers with nothing between them."""

    def __init__(self, rng):
        self.first, self.second = Linear(2, 32, rng=rng), Linear(32, 3, rng=rng)

    def forward(self, x):
        return self.second.forward(self.first.forward(x))


deep_line, criterion = Stacked(np.random.default_rng(1)), CrossEntropyLoss()
optimizers = [Adam(layer.params, 0.02) for layer in (deep_line.first, deep_line.second)]
for _ in range(200):
    loss = criterion.forward(deep_line.forward(spiral), labels)
    for layer in (deep_line.first, deep_line.second):
        layer.zero_grads()
    deep_line.first.backward(deep_line.second.backward(criterion.backward()))
    for layer, optimizer in zip((deep_line.first, deep_line.second), optimizers, strict=True):
        optimizer.step(layer.grads)
print(f"loss {loss:.2f}; guessing would cost {np.log(3):.2f}")
show(decision_boundary(deep_line.forward, spiral, labels, title="Two layers, no bend: still straight lines"))

# %% [markdown]
# Now one bend. `ReLU` replaces every negative number by zero, so each of the 32 hidden units contributes one crease.

# %%
model = MLP((2, 32, 32, 3), rng=np.random.default_rng(1))
losses = train(model, Adam(model.params, 0.01), 400)
print(f"loss {losses[-1]:.3f}")
show(decision_boundary(model.forward, spiral, labels, title="The same layers with ReLU between them"))

# %% [markdown]
# ## How does the gradient get through?
#
# Forward, each layer hands its output to the next. Backward, each hands its gradient to the one before, in reverse. That is
# all of back-propagation, and in our code it reads like that.

# %%
source(MLP.forward, MLP.backward)

# %% [markdown]
# At the paper level the forward pass is all you write. Is autograd's backward pass the same as ours? Dropout is on here, with
# the same masks given to both, because a proof that leaves out the awkward part proves little.

# %%
rng = np.random.default_rng(2)
ours, theirs = MLP((64, 48, 32, 10), rng=rng), mlp_paper.MLP((64, 48, 32, 10)).double()
theirs.load_state_dict({name: torch.from_numpy(p.copy()) for name, p in ours.params.items()})

x, targets = rng.normal(size=(5, 64)), rng.integers(0, 10, 5)
masks = [dropout_mask((5, width), 0.5, rng=rng) for width in (48, 32)]
logits = ours.forward(x, masks)
criterion.forward(logits, targets)
dx = ours.backward(criterion.backward())

x_torch = torch.tensor(x, requires_grad=True)
logits_torch = theirs(x_torch, [torch.from_numpy(mask) for mask in masks])
torch.nn.functional.cross_entropy(logits_torch, torch.from_numpy(targets)).backward()
compare(
    {"logits": logits, "dx": dx} | ours.grads,
    {"logits": logits_torch, "dx": x_torch.grad} | {name: p.grad for name, p in theirs.named_parameters()},
)

# %% [markdown]
# ## Does it beat the templates of chapter 01?
#
# The digits again, 8 by 8 pixels. Softmax regression stopped near 95 %. Both levels start from the same weights and see the
# same batches.

# %%
data, test = digits("train", flat=True), digits("test", flat=True)
STEPS = 250
numpy_model = MLP((64, 100, 10), rng=np.random.default_rng(3))
initial = numpy_model.params["linears.0.weight"].copy()
paper_model = mlp_paper.MLP((64, 100, 10)).double()
paper_model.load_state_dict({name: torch.from_numpy(p.copy()) for name, p in numpy_model.params.items()})
adam, torch_adam = Adam(numpy_model.params, 3e-3), torch.optim.Adam(paper_model.parameters(), 3e-3)

losses, accuracies = {"NumPy": [], "paper": []}, {"NumPy": [], "paper": []}
for batch in digit_batches(data, 64, np.random.default_rng(4), STEPS):
    images, classes = batch["images"], batch["labels"]
    losses["NumPy"].append(training_step(numpy_model, adam, images, classes, None))
    losses["paper"].append(
        mlp_paper.training_step(paper_model, torch_adam, torch.from_numpy(images), torch.from_numpy(classes), None)
    )
    accuracies["NumPy"].append((numpy_model.forward(test["images"]).argmax(axis=1) == test["labels"]).mean())
    with torch.no_grad():
        scores = paper_model(torch.from_numpy(test["images"])).numpy()
    accuracies["paper"].append((scores.argmax(axis=1) == test["labels"]).mean())
show(loss_and_accuracy(losses, accuracies, metric="test accuracy", log=True))
print(f"test accuracy {accuracies['NumPy'][-1]:.1%}")
compare(numpy_model.params, dict(paper_model.state_dict()))

# %% [markdown]
# Adam divides by the size of past gradients, so it amplifies rounding: the weights differ a little more than under plain
# gradient descent, and are still equal to about fourteen digits.
#
# ## What do the hidden units look at?
#
# Each hidden unit has 64 incoming weights, one per pixel. Training has moved them only a little from their random start, so
# look at the difference between the two, for the 16 units that have changed most. These are no longer templates of digits, but
# of strokes and gaps that several digits can share.

# %%
learned = numpy_model.params["linears.0.weight"] - initial  # (100, 64)
most_changed = np.argsort(-np.linalg.norm(learned, axis=1))[:16]
show(filters(learned[most_changed].reshape(-1, 8, 8), title="What 16 hidden units have learned to look for"))

# %% [markdown]
# Which digits does it still get wrong? The title gives the truth, then the answer and how sure the network was of it.

# %%
probabilities = softmax(numpy_model.forward(test["images"]))
answers = probabilities.argmax(axis=1)
wrong = np.flatnonzero(answers != test["labels"])[:12]
titles = [f"{test['labels'][i]}: {answers[i]}, {probabilities[i].max():.0%}" for i in wrong]
show(image_grid(test["images"][wrong].reshape(-1, 8, 8), titles, columns=6, ink=True, title="Errors"))

# %% [markdown]
# ## Why does the initial scale matter?
#
# Push one batch through ten layers and look at the values on the way. ReLU throws half of the signal away in every layer. He's
# rule makes the weights large enough to compensate; the older habit, $U(\pm 1/\sqrt{\text{fan-in}})$, does not, and after ten
# layers hardly anything is left to learn from.

# %%
signal = {}
for name, rule in {"He": he_normal, "1 / sqrt(fan-in)": standard_uniform}.items():
    draw = np.random.default_rng(5)
    x, signal[name] = draw.normal(size=(200, 128)), {}
    for depth in range(1, 11):
        x = np.maximum(x @ rule((128, 128), rng=draw).T, 0.0)
        if depth in (1, 4, 10):
            signal[name][f"layer {depth}"] = x[x > 0]
show(histograms(signal, limits=(0, 3), title="Values that pass ReLU"))

# %% [markdown]
# ## And the optimizer?
#
# The spiral again, from the same weights. Plain gradient descent crawls along the bottom of a narrow valley. Momentum
# remembers which way it was going; Adam also measures how steep each direction has been, and scales every weight's step by it.

# %%
makers = {
    "SGD": lambda params: SGD(params, 0.1),
    "SGD, momentum 0.9": lambda params: SGD(params, 0.1, momentum=0.9),
    "Adam": lambda params: Adam(params, 0.01),
}
runs = {}
for name, make in makers.items():
    fresh = MLP((2, 32, 32, 3), rng=np.random.default_rng(1))
    runs[name] = train(fresh, make(fresh.params), 300)
show(curves(runs, log=True, title="The spiral by three optimizers"))

# %% [markdown]
# ## What to change next
#
# 1. **Make the network narrow.** In the cell with the second decision boundary, try `(2, 3, 3)` and `(2, 4, 4, 3)`. How many
#    creases does the spiral need? Does depth or width get you there with fewer weights?
# 2. **Drop half of the units.** In the digits cell, pass `[dropout_mask((64, 100), 0.5, rng=...)]` for `None` to our training
#    step, and the same mask to the other. The training loss gets worse; does the test accuracy get better?
# 3. **Start badly.** In the digits cell, multiply every weight of `numpy_model` by 0.01 before the first step, then by 10.
#    Which of the two is worse, and what do the histograms say?
