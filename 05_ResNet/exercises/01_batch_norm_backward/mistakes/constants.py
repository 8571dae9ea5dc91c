"""Mean and standard deviation are taken as constants. That is right in evaluation; in training both are functions of
x, and every value of a channel acts on all outputs of that channel through them."""

CHANGES = [("weight / std * (dy - dbias / len(dy) - x_hat * dweight / len(dy))", "weight / std * dy")]
