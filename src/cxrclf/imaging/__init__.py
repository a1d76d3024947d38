"""Files to pixels: decoders, the decode store, ImageReader.

Radiographs are grey, so every file is read as greyscale: 8 bits, or 16 bits where
the file has more than 8. `read_image` reads one file, `ImageReader` is the
scikit-learn transformer from paths to an array, and `DecodeStore` keeps decoded
pixels on disk, shared by folds, grid points and processes. `content_key` names
pixels by their content, in a file or in memory alike. Masks are read by `read_mask`
and `open_masks`, as numbers of classes and without blending.
"""

from cxrclf.imaging._content import content_key
from cxrclf.imaging._masks import check_mask_labels, read_mask
from cxrclf.imaging._open_masks import Masks, mask_paths, open_masks
from cxrclf.imaging._read import read_image
from cxrclf.imaging._reader import ImageReader
from cxrclf.imaging._resize import content_size, resize
from cxrclf.imaging._size import read_image_size, read_image_sizes
from cxrclf.imaging._store import DecodeStore
from cxrclf.imaging._stored import StoredImages

__all__ = [
    "DecodeStore",
    "ImageReader",
    "Masks",
    "StoredImages",
    "check_mask_labels",
    "content_key",
    "content_size",
    "mask_paths",
    "open_masks",
    "read_image",
    "read_image_size",
    "read_image_sizes",
    "read_mask",
    "resize",
]
