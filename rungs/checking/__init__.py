"""How an answer to an exercise is checked, and what holds an exercise to its own rules."""
