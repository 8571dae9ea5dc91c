"""`reset_classifier` comes last. It makes a new pooling by name along with the classifier, so the one that was put in is gone,
without a word. First the classifier, then the pooling."""

CHANGES = [("    return model\n", '    model.reset_classifier(num_classes, "avg")\n    return model\n')]
