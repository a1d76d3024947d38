"""Files of synthetic radiographs, and enlarged copies of files."""

from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from cxrclf.datasets import make_chest_radiographs, save_image_folder
from harness.settings import labeled_files

_N_DIFFERENT = 60
_LARGE_SIDE = 1300  # pixels, of the shorter side: 1.7 megapixels and more


def synthetic_files(folder, n_images, image_size):
    """Write synthetic radiographs as JPEG files, each with a different anatomy."""
    drawn = make_chest_radiographs(n_images, image_size=image_size, random_state=0)
    save_image_folder(drawn.images, drawn.target, folder, image_format="jpeg")


def synthetic_pairs(images, masks, n_images, image_size):
    """Write synthetic radiographs as JPEG files, and their lung masks as PNG files."""
    drawn = make_chest_radiographs(n_images, image_size=image_size, random_state=0)
    save_image_folder(drawn.images, drawn.target, images, image_format="jpeg")
    save_image_folder(255 * drawn.masks.astype(np.uint8), drawn.target, masks)


def many_files(folder, n_images, image_size):
    """Write many synthetic radiographs: few anatomies, with different noise."""
    drawn = make_chest_radiographs(_N_DIFFERENT, image_size=image_size, random_state=0)
    rng = np.random.default_rng(0)
    for i in tqdm(range(n_images), desc="drawing", unit="image", leave=False):
        image = drawn.images[i % _N_DIFFERENT].astype(int)
        image += rng.integers(-3, 4, size=image.shape)
        path = Path(folder) / drawn.target[i % _N_DIFFERENT] / f"{i:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(path, quality=80)


def large_files(folder, source, n_images):
    """Write radiographs of 1 to 2 megapixels, the size of scanned ones.

    Parameters
    ----------
    folder : path-like
    source : path-like
        Folder with one sub-folder of radiographs per class, which are enlarged.
    n_images : int
        Number of files. If the source has fewer, they are repeated with new names.
    """
    files, _ = labeled_files(source)
    for i, file in enumerate(np.resize(files, n_images)):
        with Image.open(file) as image:
            scale = _LARGE_SIDE / min(image.size)
            # Limit the long side, because a narrow strip would become huge.
            size = [min(round(side * scale), 1950) for side in image.size]
            larger = image.convert("L").resize(size, Image.Resampling.BICUBIC)
        path = Path(folder) / Path(file).parent.name / f"{i:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        larger.save(path, quality=90)
