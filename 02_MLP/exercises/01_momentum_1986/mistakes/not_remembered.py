"""The change is computed but not kept: `state["change"]` still holds zeros, so each step is a plain gradient step.
Write into the array that the state holds, or put the new one there."""

CHANGES = [('change = self.state["change"][name]', 'change = self.state["change"][name].copy()')]
