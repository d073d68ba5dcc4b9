"""What files are, by their endings, as far as these tell: pictures that can be read, and films."""

PICTURES = (
    *(".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp"),
    *(".avif", ".heic", ".heif", ".jp2", ".ppm", ".tga"),
)
FILMS = (".mp4", ".mov", ".webm", ".mkv", ".gif", ".avi", ".m4v", ".mxf", ".mpg", ".mpeg", ".ogv", ".wmv", ".mts")
