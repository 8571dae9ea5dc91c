"""The command `rungs`, which drives the chapters. No chapter imports it."""
