"""Text with marks, and numbers over time: how a scene is written down. Knows no key of a scene."""
