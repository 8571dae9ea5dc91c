"""A learner's own level: the skeleton it is written from, and how it takes the place of ours."""
