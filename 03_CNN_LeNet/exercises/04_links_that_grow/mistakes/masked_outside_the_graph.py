"""The weight is masked, but outside of autograd's graph: on `.data`, on a detached copy or under no_grad. The
output is right and the weight gets no gradient from it. The mask has to be a part of the calculation that autograd
sees."""

CHANGES = [
    ('linked = params["weight"] * link_mask', 'linked = params["weight"].detach() * link_mask'),
]
