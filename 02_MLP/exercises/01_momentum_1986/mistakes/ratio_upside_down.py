"""The ratio of the two learning rates is the wrong way round. `SGD` will multiply the buffer by the *new* rate,
and the product has to be the change that was made last: at a smaller rate the buffer must be larger."""

CHANGES = [("(old_lr / new_lr)", "(new_lr / old_lr)")]
