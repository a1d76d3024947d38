"""Predict from image files with an exported classifier, without torch and cxrclf.

Only numpy, Pillow and onnxruntime are needed::

    python predict_with_onnxruntime.py model.onnx scan1.png scan2.jpg

``cxrclf.export.to_onnx`` writes the model. The script reads ordinary JPEG and PNG
files, and prints the probabilities of the classes. It refuses files of more than 8
bits, turned files and transparent files.
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image


def read(path, size):
    """Return a file as gray pixels of a size (height, width), as cxrclf does."""
    width, height = size[::-1]
    with Image.open(path) as image:
        turned = image.getexif().get(0x0112, 1) != 1
        if image.mode[0] in "IF" or image.has_transparency_data or turned:
            sys.exit(f"{path} has more than 8 bits, or is turned or transparent.")
        # A JPEG decoder is faster at a lower scale. The image may end within a pixel.
        draft = image.draft("L", (2 * width, 2 * height))
        box = draft and draft[1]
        image = image if image.mode in ("L", "RGB") else image.convert("RGB")
        gray = image.convert("L")
    return np.asarray(gray.resize((width, height), Image.Resampling.BILINEAR, box))


def main(model, *paths):
    """Print the probabilities of each file."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    metadata = {name: json.loads(value) for name, value in metadata.items()}
    if metadata["task"] != "classification" or metadata["keep_aspect_ratio"]:
        sys.exit("The script is for classifiers with keep_aspect_ratio=False.")
    for path in paths:
        images = read(path, metadata["image_size"])[None]
        (rows,) = session.run(["probabilities"], {"images": images})
        named = dict(zip(metadata["classes"], rows[0].tolist(), strict=True))
        print(json.dumps({"file": path, "probabilities": named}))


if __name__ == "__main__":
    main(*sys.argv[1:])
