"""What networks are made of, each with a gradient that is fast on a CPU."""
