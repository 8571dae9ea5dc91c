"""Logits were averaged: that is a geometric mean of probabilities, in which one confident view overrules the others."""

CHANGES = [
    ("softmax(predict(np.rot90(image, q)))", "predict(np.rot90(image, q))"),
    ("np.mean(views, axis=0)", "softmax(np.mean(views, axis=0))"),
]
