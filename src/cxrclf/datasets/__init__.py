"""Loaders of image folders and public data sets, and synthetic radiographs.

- ``load_image_folder`` lists a folder with one subfolder per class, as the (n, 1)
  array of paths that estimators and samplers take as X.
- ``list_images`` lists the images of a folder without classes.
- ``load_image_masks`` and the loaders of public data sets list images with their lung
  masks.
- ``combine`` joins data sets and leaves out copies.
- ``make_chest_radiographs`` draws radiographs with known classes, lungs and patients.
  They allow experiments without patient data.
"""

from cxrclf.datasets._chest_radiographs import make_chest_radiographs
from cxrclf.datasets._combine import combine
from cxrclf.datasets._list_images import list_images
from cxrclf.datasets._load_actualmed_covid import load_actualmed_covid
from cxrclf.datasets._load_covid_chestxray import load_covid_chestxray
from cxrclf.datasets._load_covid_radiography import load_covid_radiography
from cxrclf.datasets._load_covidx import load_covidx
from cxrclf.datasets._load_darkcovidnet import load_darkcovidnet
from cxrclf.datasets._load_figure1_covid import load_figure1_covid
from cxrclf.datasets._load_image_folder import load_image_folder
from cxrclf.datasets._load_image_masks import load_image_masks
from cxrclf.datasets._load_kermany import load_kermany
from cxrclf.datasets._load_makris import load_makris
from cxrclf.datasets._load_medmnist import load_medmnist
from cxrclf.datasets._load_montgomery import load_montgomery
from cxrclf.datasets._load_montgomery_shenzhen import load_montgomery_shenzhen
from cxrclf.datasets._load_nih_chest_xray import load_nih_chest_xray
from cxrclf.datasets._load_punn import load_punn
from cxrclf.datasets._load_rsna_pneumonia import load_rsna_pneumonia
from cxrclf.datasets._load_shenzhen import load_shenzhen
from cxrclf.datasets._save_image_folder import save_image_folder

__all__ = [
    "combine",
    "list_images",
    "load_actualmed_covid",
    "load_covid_chestxray",
    "load_covid_radiography",
    "load_covidx",
    "load_darkcovidnet",
    "load_figure1_covid",
    "load_image_folder",
    "load_image_masks",
    "load_kermany",
    "load_makris",
    "load_medmnist",
    "load_montgomery",
    "load_montgomery_shenzhen",
    "load_nih_chest_xray",
    "load_punn",
    "load_rsna_pneumonia",
    "load_shenzhen",
    "make_chest_radiographs",
    "save_image_folder",
]
