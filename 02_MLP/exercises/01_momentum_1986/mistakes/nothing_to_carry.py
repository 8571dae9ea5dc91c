"""The buffer is left as it is. Then the next step multiplies all past gradients by the new rate, those too that
were seen at the old one: dividing the rate by ten takes nine tenths of the speed away at once, where equation 9
lets it fade."""

CHANGES = [("buffer * (old_lr / new_lr)", "buffer.copy()")]
