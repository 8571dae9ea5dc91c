"""The gradient is set, not added to. A layer that is used twice in one step, or a batch that is fed in pieces,
then keeps the last contribution alone. `backward` adds, and `zero_grads` clears."""

CHANGES = [('self.grads["weight"] +=', 'self.grads["weight"][...] =')]
