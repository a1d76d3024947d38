"""Where samples come from.

Folders with a sub-folder for each class, listed as the (n, 1) array of paths that
every estimator and sampler takes, and synthetic chest radiographs with known
classes, lungs and patients, for trying things out without anybody's data.
"""

from cxrclf.datasets._chest_radiographs import make_chest_radiographs
from cxrclf.datasets._load_image_folder import load_image_folder
from cxrclf.datasets._save_image_folder import save_image_folder

__all__ = ["load_image_folder", "make_chest_radiographs", "save_image_folder"]
