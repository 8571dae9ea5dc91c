"""The commands of the exercises: exercises, start, check, hint, solution, reset, watch."""
