"""The distances are added before they are squared; d1^2 + d2^2 is smaller."""

CHANGES = [("((d1 + d2) ** 2)", "(d1**2 + d2**2)")]
