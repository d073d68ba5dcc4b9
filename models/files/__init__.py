"""Weights as files: where they come from, what they are checked against, how they are read."""
