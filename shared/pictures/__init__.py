"""Picture files to pixels: known kinds, bounded in bytes, upright, RGB, scaled to what is read of them."""

from evosplit.shared.pictures.file_kinds import KINDS, SUFFIXES, known_kinds
from evosplit.shared.pictures.planar_picture import PlanarPicture, Plane
from evosplit.shared.pictures.read_file import decode_picture, read_scaled
from evosplit.shared.pictures.size_limits import MAX_HELD_BYTES, MAX_SIDE

__all__ = [
    "KINDS",
    "MAX_HELD_BYTES",
    "MAX_SIDE",
    "SUFFIXES",
    "PlanarPicture",
    "Plane",
    "decode_picture",
    "known_kinds",
    "read_scaled",
]
