"""The layer was made and is never called: the block's forward pass knows nothing of it."""

CHANGES = [("        block.register_forward_pre_hook(enlarge)\n", "")]
