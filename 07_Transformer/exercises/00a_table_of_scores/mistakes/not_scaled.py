"""The scores were not divided by the root of the width. Wide vectors then give scores so large that the softmax picks
one key and its gradient vanishes."""

CHANGES = [(" / np.sqrt(q.shape[-1])", "")]
