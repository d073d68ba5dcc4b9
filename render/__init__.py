"""Dreamreel's renderer: from a scene file to the frames of a film."""
