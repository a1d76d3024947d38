"""Files to pixels: decoders, the decode store, ImageReader.

Radiographs are grey, so every file is read as greyscale: 8 bits, or 16 bits where
the file has more than 8. `read_image` reads one file, `ImageReader` is the
scikit-learn transformer from paths to an array, and `DecodeStore` keeps decoded
pixels on disk, shared by folds, grid points and processes. `content_key` names
pixels by their content, in a file or in memory alike. Masks are read by `read_mask`
and `open_masks`, as numbers of classes and without blending.
"""

from cxrclf.images._array_images import ArrayImages, Images
from cxrclf.images._content_key import content_key
from cxrclf.images._decode_store import DecodeStore
from cxrclf.images._image_input import ImageInput
from cxrclf.images._image_reader import ImageReader
from cxrclf.images._paths import find_paths
from cxrclf.images._read_image import read_image
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
    "read_image_size",
    "read_image_sizes",
    "read_values",
    "resize",
]
