"""How a frame moves: matrices and resampling."""
