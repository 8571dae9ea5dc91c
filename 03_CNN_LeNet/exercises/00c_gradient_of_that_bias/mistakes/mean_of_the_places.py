"""The mean was taken. Each place adds what it has to say; if the loss is a mean, its factor is in dy already."""

CHANGES = [(".sum(", ".mean(")]
