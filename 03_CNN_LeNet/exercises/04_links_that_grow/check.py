import torch
from optimizers_lowlevel import SGD
from torch.nn.functional import conv2d as torch_conv2d

TABLE = ((0, 1, 2), (1, 2, 3), (0, 3), (2, 4), (0, 1, 2, 3, 4), (1,), (0, 4))  # 7 output maps, 5 input maps


def reference(weight, bias, x, table=TABLE):
    """A convolution for each output map, with the maps it sees and no others."""
    maps = [torch_conv2d(x[:, list(seen)], weight[o : o + 1, list(seen)]) for o, seen in enumerate(table)]
    return torch.cat(maps, dim=1) + bias[:, None, None]


def random(t, *shape):
    return torch.from_numpy(t.rng.normal(size=shape))


def initial(t, k=3):
    """As the file initialises, in double precision."""
    generator = torch.Generator().manual_seed(int(t.rng.integers(2**31)))
    params = t.call("init_table_conv", TABLE, 5, k, generator=generator)
    return {name: p.detach().double().requires_grad_() for name, p in params.items()}


def missing():
    """True at the links that are not in the table, (O, C)"""
    table = torch.ones(len(TABLE), 5, dtype=torch.bool)
    for o, seen in enumerate(TABLE):
        table[o, list(seen)] = False
    return table


def check_start(t):
    """Before training, the layer has the links of the table"""
    params, x = initial(t), random(t, 2, 5, 7, 8)
    got = t.call("table_conv2d", params, x, TABLE)
    t.equal(got, reference(params["weight"], params["bias"], x).detach(), what="the output of a fresh layer")
    t.equal(t.call("parameter_count", params, TABLE), 18 * 9 + 7)


def check_trained(t):
    """After training, an output map still sees only its own input maps"""
    params, x = initial(t), random(t, 3, 5, 7, 8)
    y = random(t, 3, 7, 5, 6)
    t.call("train", params, x, y, TABLE, lr=0.1, steps=11, mutates=True)
    before = t.call("table_conv2d", params, x, TABLE).detach()
    moved = torch.zeros(len(TABLE), 5, dtype=torch.float64)  # how far output map o moves when input map c does
    for c in range(5):
        noisy = x.clone()
        noisy[:, c] += 2.0 * random(t, 3, 7, 8)
        moved[:, c] = (t.call("table_conv2d", params, noisy, TABLE).detach() - before).abs().amax(dim=(0, 2, 3))
    t.equal(
        moved * missing(),
        torch.zeros_like(moved),
        what="the change of output map o by noise in input map c",
        called="table_conv2d on x, and on x with noise in one map",
        why="one row for each output map; links that exist are shown as 0",
    )


def check_training(t):
    """Training goes as it does with separate convolutions"""
    params, x = initial(t), random(t, 5, 5, 7, 8)
    target = {"weight": random(t, 7, 5, 3, 3) / 5.0, "bias": random(t, 7)}
    y = reference(target["weight"], target["bias"], x)
    copies = {name: p.detach().clone().requires_grad_() for name, p in params.items()}
    optimizer = SGD(copies, lr=0.2, momentum=0.9)
    expected = []
    for _ in range(7):
        loss = ((reference(copies["weight"], copies["bias"], x) - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        expected.append(loss.item())
    got = t.call("train", params, x, y, TABLE, lr=0.2, steps=7, mutates=True)
    t.equal(got, expected, rtol=1e-7, what="the losses")
    there = ~missing()
    t.equal(
        params["weight"].detach()[there], copies["weight"].detach()[there], rtol=1e-7, what="the weights of the links"
    )
    t.equal(params["bias"].detach(), copies["bias"].detach(), rtol=1e-7, what="the bias")
    after = t.call("table_conv2d", params, x, TABLE).detach()
    t.equal(after, reference(copies["weight"], copies["bias"], x).detach(), rtol=1e-7, what="the output after training")


def check_gradient(t):
    """The gradients are those of separate convolutions, and zero where there is no link"""
    params, x, dy = initial(t), random(t, 3, 5, 7, 8), random(t, 3, 7, 5, 6)
    copies = {name: p.detach().clone().requires_grad_() for name, p in params.items()}
    copy_of_x = x.clone().requires_grad_()
    (reference(copies["weight"], copies["bias"], copy_of_x) * dy).sum().backward()
    x.requires_grad_()
    got = t.call("table_conv2d", params, x, TABLE)
    t.require(got.requires_grad, "no gradient can flow back from the output", got=f"requires_grad {got.requires_grad}")
    (got * dy).sum().backward()
    for name, p in params.items():
        t.equal(p.grad, copies[name].grad, what=f"the gradient of {name}")
    t.equal(x.grad, copy_of_x.grad, what="the gradient of x")


def check_any_weight(t):
    """Whatever stands in the weight, only the links of the table count"""
    for k in (2, 3):
        params = {"weight": random(t, 7, 5, k, k).requires_grad_(), "bias": random(t, 7).requires_grad_()}
        for n in (2, 1):
            x = random(t, n, 5, 7, 8)
            got = t.call("table_conv2d", params, x, TABLE)
            t.equal(got, reference(params["weight"], params["bias"], x).detach(), what=f"the output, k = {k}")
    other = TABLE[::-1]
    got, expected = t.call("table_conv2d", params, x, other), reference(params["weight"], params["bias"], x, other)
    t.equal(got, expected.detach(), what="the output with another table")
    t.keeps_dtype("table_conv2d", params, x, TABLE)
    t.raises("table_conv2d", params, x[:, :4], TABLE, says="(7, 4")
