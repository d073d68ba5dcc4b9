"""What networks there are, and how they are built, as plain data; nothing to import."""
