"""The normalisation is nn.BatchNorm2d, whatever `norm_layer` says. A caller who asks for another one gets no error
and another model than he believes."""

CHANGES = [
    ("self.bn1 = norm_layer(planes, **where)", "self.bn1 = nn.BatchNorm2d(planes, **where)"),
    ("self.bn2 = norm_layer(planes, **where)", "self.bn2 = nn.BatchNorm2d(planes, **where)"),
]
