"""What survives a kill: states, segments, records."""
