"""
=====================
Predict without torch
=====================

Predict from image files with an exported classifier, without torch and cxrclf.

Only numpy, Pillow and onnxruntime are needed::

    python predict_with_onnxruntime.py model.onnx scan1.png scan2.jpg

``cxrclf.export.to_onnx`` writes the model. The script reads JPEG and PNG files of 8
bits, and prints the probabilities of the classes. It refuses DICOM and other formats,
files of more than 8 bits, and files that must be turned (the EXIF tag Orientation).
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image


def read(path, size, keep_aspect_ratio):
    """Return a file as gray pixels of a size (height, width), as cxrclf does."""
    with Image.open(path) as image:
        # Pillow reads 8 of the 16 bits of a color PNG. Only the raw mode shows them.
        deep = image.mode[0] in "IF" or "16" in str(image.tile[0][3])
        turned = image.getexif().get(0x0112, 1) != 1
        if image.format not in ("JPEG", "PNG") or deep or turned:
            sys.exit(f"{path} is no JPEG or PNG, has more than 8 bits, or is turned.")
        height, width = size
        if keep_aspect_ratio:
            scale = min(height / image.height, width / image.width)
            height = min(height, max(1, round(image.height * scale)))
            width = min(width, max(1, round(image.width * scale)))
        # A JPEG decoder is faster at a lower scale. The image may end within a pixel.
        draft = image.draft("L", (2 * width, 2 * height))
        box = draft and draft[1]
        if image.has_transparency_data:  # blended with black
            layers = image.convert("RGBA").convert("LA").split()
            gray, alpha = (np.asarray(layer, dtype=np.uint16) for layer in layers)
            image = Image.fromarray(((gray * alpha + 127) // 255).astype(np.uint8))
        image = image if image.mode in ("L", "RGB") else image.convert("RGB")
        bilinear = Image.Resampling.BILINEAR
        gray = image.convert("L").resize((width, height), bilinear, box)
    pixels = np.zeros(size, dtype=np.uint8)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    pixels[top : top + height, left : left + width] = gray
    return pixels


def main(model, *paths):
    """Print the probabilities of each file."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    metadata = {name: json.loads(value) for name, value in metadata.items()}
    if metadata["task"] != "classification" or len(session.get_inputs()[0].shape) != 3:
        sys.exit("The script is for classifiers of gray images.")
    for path in paths:
        image = read(path, metadata["image_size"], metadata["keep_aspect_ratio"])
        (rows,) = session.run(["probabilities"], {"images": image[None]})
        named = dict(zip(map(str, metadata["classes"]), rows[0].tolist(), strict=True))
        print(json.dumps({"file": path, "probabilities": named}))


if __name__ == "__main__":
    main(*sys.argv[1:])
