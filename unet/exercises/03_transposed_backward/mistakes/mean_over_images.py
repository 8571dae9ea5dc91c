"""The weight serves every image, and its gradient is a sum over them, not a mean."""

CHANGES = [('"bchw,bohw->co", x, part)', '"bchw,bohw->co", x, part) / len(x)')]
