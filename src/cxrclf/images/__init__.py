"""Read image files as gray pixels, and store decoded pixels on disk.

Radiographs are gray, so every file is read as grayscale: with 16 bits if the file has
more than 8 bits per pixel, else with 8 bits. `read_image` reads one file. `ImageReader`
is a scikit-learn transformer from paths to an array. `DecodeStore` stores decoded
pixels on disk, where folds, grid points and processes share them. `content_key`
identifies an image by its pixels. Masks are read by :mod:`cxrclf.masks`.
"""

from cxrclf.images._array_images import ArrayImages, Images
from cxrclf.images._bits_stored import scale_bits
from cxrclf.images._containers import refuse_objects, to_array
from cxrclf.images._content_key import content_key
from cxrclf.images._decode_store import DecodeStore
from cxrclf.images._image_input import ImageInput
from cxrclf.images._image_reader import ImageReader
from cxrclf.images._paths import find_paths
from cxrclf.images._read_image import read_image
from cxrclf.images._read_image_metadata import read_image_metadata
from cxrclf.images._read_image_size import read_image_size, read_image_sizes
from cxrclf.images._read_values import read_values
from cxrclf.images._resize import resize

__all__ = [
    "ArrayImages",
    "DecodeStore",
    "ImageInput",
    "ImageReader",
    "Images",
    "content_key",
    "find_paths",
    "read_image",
    "read_image_metadata",
    "read_image_size",
    "read_image_sizes",
    "read_values",
    "refuse_objects",
    "resize",
    "scale_bits",
    "to_array",
]
