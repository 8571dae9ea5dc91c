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
# # Chapter NN: TITLE
#
# TODO(rungs new): the question that the chapter answers, in the words of a newcomer, and what the reader will see here. Then
# `make notebooks` executes this file and writes the notebook beside it.

# %%
import numpy as np
import torch
from linear_numpy import GradientDescent, MSELoss
from tanhscale_data import load_task
from tanhscale_numpy import Scale, TanhScale
from tanhscale_paper import TanhScale as PaperTanhScale

from utils.figures.curves import curves
from utils.notebooks import compare, show, source

# %% [markdown]
# ## What does the data look like?

# %%
data = load_task("train")
x, target = data["x"], data["target"]
print(x.shape, target.shape)
show(curves({"target": (np.sort(x[:, 0]), target[np.argsort(x[:, 0]), 0])}, xlabel="x", ylabel="y"))

# %% [markdown]
# ## Are the two levels equal?

# %%
source(Scale.forward, Scale.backward)
ours, theirs = TanhScale(x.shape[1], rng=np.random.default_rng(0)), PaperTanhScale(x.shape[1]).double()
theirs.load_state_dict({name: torch.from_numpy(p.copy()) for name, p in ours.params.items()})
y, y_torch = ours.forward(x), theirs(torch.from_numpy(x))
ours.backward(np.ones_like(y))
y_torch.sum().backward()
compare(
    {"y": y, "dweight": ours.grads["scale.weight"]},
    {"y": y_torch, "dweight": theirs.scale.weight.grad},
)

# %% [markdown]
# ## Does it learn?

# %%
criterion, optimizer, losses = MSELoss(), GradientDescent(ours.params, 0.5), []
for _ in range(100):
    losses.append(criterion.forward(ours.forward(x), target))
    ours.zero_grads()
    ours.backward(criterion.backward())
    optimizer.step(ours.grads)
show(curves({"NumPy": losses}, log=True))

# %% [markdown]
# ## What to change next
#
# TODO(rungs new): three suggestions, each with the cell to edit.
