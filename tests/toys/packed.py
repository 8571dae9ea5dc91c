"""A reference that keeps our parameters in other ways: renamed, two in one array, transposed, tied, beside a constant."""

from __future__ import annotations

import numpy as np

from tests.toys.scale import LOW_SGD, SGD
from utils.ladder import Ladder, Mistake
from utils.levels import LowLevel, ModuleLevel, NumpyLevel
from utils.levels.names import NameTable, pack

B, D, K = 7, 5, 3

NUMPY = f'''
import numpy as np
{SGD}
class Model:
    """Tokens to vectors, two matrices, a product, and logits over the tokens by the embedding itself."""
    def __init__(self, tokens, width, *, rng, dtype=np.float64):
        shapes = {{"embedding": (tokens, width), "q.weight": (width, width), "k.weight": (width, width)}}
        self.params = {{name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}}
        self.grads = {{name: np.zeros(shape, dtype) for name, shape in shapes.items()}}
    def forward(self, tokens):
        self.tokens, p = tokens, self.params
        self.x = p["embedding"][tokens]
        self.q, self.k = self.x @ p["q.weight"].T, self.x @ p["k.weight"].T
        return (self.q * self.k) @ p["embedding"].T
    def backward(self, dlogits):
        p, g = self.params, self.grads
        dh = dlogits @ p["embedding"]
        g["embedding"] += dlogits.T @ (self.q * self.k)
        dq, dk = dh * self.k, dh * self.q
        g["q.weight"] += dq.T @ self.x
        g["k.weight"] += dk.T @ self.x
        np.add.at(g["embedding"], self.tokens, dq @ p["q.weight"] + dk @ p["k.weight"])
    def zero_grads(self):
        for grad in self.grads.values():
            grad[...] = 0
'''

LOWLEVEL = f"""
import torch
{LOW_SGD}
def init(generator):
    shapes = {{"embedding": ({K}, {D}), "q.weight": ({D}, {D}), "k.weight": ({D}, {D})}}
    return {{
        name: torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_() for name, shape in shapes.items()
    }}

def forward(p, tokens):
    x = p["embedding"][tokens]
    return ((x @ p["q.weight"].T) * (x @ p["k.weight"].T)) @ p["embedding"].T
"""

PAPER = """
import torch
from torch import nn

class Model(nn.Module):
    def __init__(self, tokens, width):
        super().__init__()
        self.embedding = nn.Parameter(torch.randn(tokens, width))
        self.q, self.k = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
    def forward(self, tokens):
        x = self.embedding[tokens]
        return (self.q(x) * self.k(x)) @ self.embedding.T
"""

SOURCES = {
    "numpy": ("packed_numpy", NUMPY),
    "pytorch_lowlevel": ("packed_lowlevel", LOWLEVEL),
    "paper": ("packed_paper", PAPER),
}


class NumpyPacked(NumpyLevel):
    def build(self, rng, dtype):
        return self.load("packed_numpy").Model(K, D, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"logits": model.forward(batch["tokens"])}

    def loss(self, model, outputs, batch):
        error = outputs["logits"] - batch["y"]

        def backward(inputs):
            model.backward(2 * error / error.size)
            return {}

        return np.mean(error**2), backward

    def optimizer(self, params, lr=0.01):
        return self.load("packed_numpy").SGD(params, lr)


class LowPacked(LowLevel):
    def init(self, generator):
        return self.load("packed_lowlevel").init(generator)

    def forward(self, model, batch, training):
        return {"logits": self.load("packed_lowlevel").forward(model, batch["tokens"])}, {}

    def loss(self, model, outputs, batch):
        return ((outputs["logits"] - batch["y"]) ** 2).mean()

    def optimizer(self, params, lr=0.01):
        return self.load("packed_lowlevel").SGD(params, lr)


class PaperPacked(ModuleLevel):
    def build(self):
        return self.load("packed_paper").Model(K, D)

    def forward(self, model, batch, training):
        return {"logits": model(batch["tokens"])}

    def loss(self, model, outputs, batch):
        return ((outputs["logits"] - batch["y"]) ** 2).mean()

    def optimizer(self, params, lr=0.01):
        import torch

        return torch.optim.SGD(params.values(), lr=lr, momentum=0.0)


TABLE = NameTable(
    {"wte.weight": "embedding", "c_attn": pack("q.weight", "k.weight", transpose=True)},
    ties={"head.weight": "embedding"},
    constants={"scale": np.ones(1)},
)


class Reference(PaperPacked):
    """The same as another library might keep it: (in, out) matrices side by side, and the head tied to the embedding."""

    names = TABLE

    def build(self):
        import torch
        from torch import nn

        class Other(nn.Module):
            def __init__(self):
                super().__init__()
                self.c_attn = nn.Parameter(torch.randn(D, 2 * D))
                self.wte, self.head = nn.Embedding(K, D), nn.Linear(D, K, bias=False)
                self.head.weight = self.wte.weight
                self.register_buffer("scale", torch.ones(1))

            def forward(self, tokens):
                q, k = (self.wte(tokens) @ self.c_attn).chunk(2, dim=-1)
                return self.scale * self.head(q * k)

        return Other()


MISTAKES = (
    Mistake(
        "the embedding's gradient from the input is forgotten",
        "numpy",
        'np.add.at(g["embedding"], self.tokens, dq @ p["q.weight"] + dk @ p["k.weight"])',
        "pass",
        "gradient embedding",
        "a tied matrix gets both gradients",
    ),
    Mistake(
        "a token that occurs twice counts once",
        "numpy",
        'np.add.at(g["embedding"], self.tokens, dq @ p["q.weight"] + dk @ p["k.weight"])',
        'g["embedding"][self.tokens] += dq @ p["q.weight"] + dk @ p["k.weight"]',
        "gradient embedding",
        "fancy indexing adds once",
    ),
    Mistake(
        "q and k are exchanged in one use",
        "pytorch_lowlevel",
        '(x @ p["q.weight"].T) * (x @ p["k.weight"].T)',
        '(x @ p["q.weight"]) * (x @ p["k.weight"].T)',
        "output logits",
        "a matrix that is square hides a missing transpose from the shapes",
    ),
    Mistake(
        "the head has a matrix of its own",
        "paper",
        "return (self.q(x) * self.k(x)) @ self.embedding.T",
        "return (self.q(x) * self.k(x)) @ self.embedding.detach().T",
        "gradient embedding",
        "tied",
    ),
)

LADDER = Ladder(
    name="packed",
    paper="none",
    data=lambda rng: {"tokens": rng.integers(0, K, B), "y": rng.normal(size=(B, K))},
    modules={level: name for level, (name, _) in SOURCES.items()},
    builders={"numpy": NumpyPacked, "pytorch_lowlevel": LowPacked, "paper": PaperPacked},
    reference_builders={"another library": Reference},
    mistakes=MISTAKES,
)
