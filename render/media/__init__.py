"""Files in and out: ffmpeg, films, pictures. Knows no scene, and nothing of JAX."""
