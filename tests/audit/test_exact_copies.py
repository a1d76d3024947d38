import numpy as np
from PIL import Image

from cxrclf.audit._exact_copies import find_exact_copies, have_same_pixels
from cxrclf.images import ImageInput


def write(folder, **images):
    paths = []
    for name, image in images.items():
        paths.append(folder / name.replace("_", "."))
        image.save(paths[-1])
    return ImageInput.from_X(paths)


def test_keys_of_arrays():
    images = ImageInput.from_X(np.zeros((4, 3, 3)))
    first = find_exact_copies(images, np.array([7, 5, 7, 5], np.uint64))
    assert first.tolist() == [0, 1, 0, 1]
    assert not have_same_pixels(images, 0, 1)


def test_files_with_the_same_small_image(tmp_path):
    image = Image.fromarray(np.arange(100, dtype=np.uint8).reshape(10, 10))
    images = write(
        tmp_path, a_png=image, b_bmp=image, c_png=image.resize((20, 20)), d_png=image
    )
    first = find_exact_copies(images, np.array([7, 7, 7, 7], np.uint64))
    assert first.tolist() == [0, 0, 2, 0]
    assert have_same_pixels(images, 0, 1)
    assert not have_same_pixels(images, 0, 2)
