"""Figures in one style: curves, images, planes, tables and layers; `saving.save` writes them as SVG or PNG.

Every function returns a `matplotlib.figure.Figure` whose size depends on the shapes of its input alone, and is saved with
the same bytes every time. Lines drawn first are wider: where two levels agree exactly, both remain visible.
"""
