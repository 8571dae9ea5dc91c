"""What is left was not made larger. The next layer then receives less in training than in evaluation, when every unit
is on."""

CHANGES = [(" / (1.0 - p)", "")]
