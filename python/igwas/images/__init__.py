"""Photographs in: the disc found, cropped and resized, judged, and stored in images.h5."""
