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
# # Chapter 01: how far does a straight line get you?
#
# One matrix product, one loss, one rule for stepping downhill. That is the whole model of this chapter, and every later
# chapter is made of the same three parts. Here you look at the data, build the model in NumPy and in PyTorch, check that
# the two agree to the last digit, train it, and look at what it has learned.
#
# The formulas are derived in [theory.md](../theory.md); the code that the cells import is in
# [numpy/](../numpy) and [paper/](../paper).

# %%
import numpy as np
import torch
from linear_data import load_rows
from linear_numpy import GradientDescent, Linear, training_step
from logistic_numpy import CrossEntropyLoss, SoftmaxRegression, newton, sigmoid
from logistic_paper import SoftmaxRegression as PaperSoftmaxRegression
from logistic_paper import softmax_loss

from utils.figures.curves import curves, loss_and_accuracy
from utils.figures.images import filters, image_grid
from utils.figures.planes import decision_boundary
from utils.figures.tables import confusion_matrix
from utils.notebooks import compare, show, source

# %% [markdown]
# ## What does the data look like?
#
# Ten handwritten digits, 8 by 8 pixels each: small enough that you can read every number, large enough that no rule you
# write by hand will separate them. They come with scikit-learn, so nothing is downloaded.

# %%
train, test = load_rows("digits", "train"), load_rows("digits", "test")
images, labels = train["inputs"], train["targets"]
print(
    f"{len(images)} images to train on, {len(test['inputs'])} to test on; pixels from {images.min()} to {images.max()}"
)
show(image_grid(images[:24].reshape(-1, 8, 8), [str(label) for label in labels[:24]], columns=12, ink=True))

# %% [markdown]
# ## What is a linear layer?
#
# Give every class a template of 64 weights. The score of a class is how well the image matches its template: multiply pixel
# by weight and add up. Ten templates, one below the other, are a matrix $W$, and all the scores are $y = x W^\top + b$.
#
# These are the lines of our `Linear` that compute. The backward pass is three lines, one per gradient.

# %%
source(Linear.forward, Linear.backward)

# %% [markdown]
# In PyTorch the same layer is `nn.Linear`, and autograd supplies the backward pass. Are they really the same? Give both the
# same weights and the same upstream gradient `dy`, and compare everything that comes out.

# %%
rng = np.random.default_rng(0)
ours, theirs = Linear(64, 10, rng=rng), torch.nn.Linear(64, 10, dtype=torch.float64)
theirs.load_state_dict({name: torch.from_numpy(p.copy()) for name, p in ours.params.items()})

x, dy = images[:7], rng.normal(size=(7, 10))
y, dx = ours.forward(x), ours.backward(dy)

x_torch = torch.tensor(x, requires_grad=True)
y_torch = theirs(x_torch)
y_torch.backward(torch.from_numpy(dy))
compare(
    {"y": y, "dx": dx, "dW": ours.grads["weight"], "db": ours.grads["bias"]},
    {"y": y_torch, "dx": x_torch.grad, "dW": theirs.weight.grad, "db": theirs.bias.grad},
)

# %% [markdown]
# A difference near 1e-15 is rounding: the two libraries add the same numbers in another order. A wrong formula would show up
# in the first digits.
#
# ## How wrong is a score?
#
# Scores are not probabilities. Softmax makes them positive and lets them sum to one; the loss is minus the logarithm of what
# the right class was given. Guessing among ten classes costs $\log 10 \approx 2.30$. Its gradient is the prettiest line of
# the chapter: probability minus truth.

# %%
source(CrossEntropyLoss.backward)

# %% [markdown]
# ## Does it learn?
#
# Two models start from the same weights and see the same 200 images at a time. One is NumPy, with the gradients above; the
# other is a `nn.Module` that knows nothing of them. Their curves should lie on top of one another.

# %%
LR, STEPS, BATCH = 0.5, 200, 200
numpy_model = SoftmaxRegression(64, 10, rng=np.random.default_rng(1))
paper_model = PaperSoftmaxRegression(64, 10).double()
paper_model.load_state_dict({name: torch.from_numpy(p.copy()) for name, p in numpy_model.params.items()})

criterion, descent = CrossEntropyLoss(), GradientDescent(numpy_model.params, LR)
sgd = torch.optim.SGD(paper_model.parameters(), LR)


def accuracy(scores):
    return float((np.asarray(scores).argmax(axis=1) == test["targets"]).mean())


losses = {"NumPy": [], "paper": []}
accuracies = {"NumPy": [], "paper": []}
order = np.random.default_rng(2)
for _ in range(STEPS):
    rows = order.integers(0, len(images), BATCH)
    losses["NumPy"].append(training_step(numpy_model, criterion, descent, images[rows], labels[rows]))

    loss = softmax_loss(paper_model(torch.from_numpy(images[rows])), torch.from_numpy(labels[rows]))
    sgd.zero_grad()
    loss.backward()
    sgd.step()
    losses["paper"].append(loss.item())

    accuracies["NumPy"].append(accuracy(numpy_model.forward(test["inputs"])))
    with torch.no_grad():
        accuracies["paper"].append(accuracy(paper_model(torch.from_numpy(test["inputs"]))))

show(loss_and_accuracy(losses, accuracies, metric="test accuracy", marks={"guessing": 0.1}))
print(f"test accuracy: {accuracies['NumPy'][-1]:.1%}")
compare(numpy_model.params, dict(paper_model.state_dict()))

# %% [markdown]
# After 200 steps the two sets of weights still agree to about fifteen digits. Equal gradients are easy to believe; equal
# weights after hundreds of updates leave a mistake nowhere to hide.
#
# ## What has it learned?
#
# Each row of the weight matrix is a template, so you can look at it. White pixels speak for the class, black ones against it.

# %%
weights = numpy_model.params["linear.weight"].reshape(10, 8, 8)
show(filters(weights, title="The ten templates, 0 to 9"))

# %% [markdown]
# The 0 has a black hole in the middle: ink there rules a zero out. A template is all that a linear model has for a class, so
# a slanted 1 and a straight 1 must share one. That is where its mistakes come from.

# %%
predicted = numpy_model.forward(test["inputs"]).argmax(axis=1)
show(confusion_matrix(test["targets"], predicted, title="Test digits: what was what"))

# %% [markdown]
# ## What does a decision look like?
#
# In 64 dimensions you cannot see where the model changes its mind. In two you can. Take two measurements of the breast
# cancer data, the mean radius of the cell nuclei and their mean texture, and ask for the probability that a tumour is benign.
# With so few weights there is no need for gradient descent: Newton's method is done in a handful of steps.

# %%
tumours = load_rows("breast_cancer", "train")
points, benign = tumours["inputs"][:, :2], tumours["targets"]
weight, bias = newton(points, benign, l2=1e-3)
show(
    decision_boundary(
        lambda p: sigmoid(p @ weight[0] + bias),
        points,
        benign.astype(int),
        names=["malignant", "benign"],
        xlabel="mean radius (standardised)",
        ylabel="mean texture (standardised)",
        title="Where logistic regression changes its mind",
    )
)

# %% [markdown]
# The boundary is a straight line, whatever you do: $w \cdot x + b = 0$ is the equation of one. The width of the pale band
# says how sure the model is, and it is the length of $w$ that sets it.
#
# ## What does the learning rate do?
#
# Too small and it crawls. Too large and each step overshoots.

# %%
series = {}
for lr in (0.01, 0.5, 8.0):
    model = SoftmaxRegression(64, 10, rng=np.random.default_rng(1))
    descent = GradientDescent(model.params, lr)
    series[f"learning rate {lr}"] = [training_step(model, criterion, descent, images, labels) for _ in range(60)]
show(curves(series, log=True, ylabel="training loss", title="Whole training set, 60 steps"))

# %% [markdown]
# The largest one climbs to four times the loss of guessing before it comes down, and then ends lowest. This loss is convex: it
# has a single valley, so even a reckless walk finds it. The networks of the next chapters have no such guarantee.
#
# ## What to change next
#
# 1. **Train the two-measurement model by gradient descent.** In the cell that calls `newton`, build a
#    `LogisticRegression(2, rng=...)` instead and train it with `BCEWithLogitsLoss`. How many steps until its line is where
#    Newton's is?
# 2. **Give it less to see.** In the training cell, draw the rows from `order.integers(0, 100, BATCH)`, so that only the first
#    hundred images are ever used. The training loss falls faster and the test accuracy suffers: by how much?
# 3. **Shift the test digits.** In the cell with the confusion matrix, give the model
#    `np.roll(test["inputs"].reshape(-1, 8, 8), 1, axis=2).reshape(-1, 64)`. How much does one pixel to the right cost?
#    [Chapter 03](../../03_CNN_LeNet/README.md) is about the remedy.
