"""The slices are right, and the axes are in the order words, heads. A product of matrices would then run over the
heads of one word."""

CHANGES = [(".transpose(0, 2, 1, 3)", "")]
