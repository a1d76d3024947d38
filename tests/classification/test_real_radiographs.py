"""The defaults on real radiographs."""

from cxrclf import CXRClassifier
from cxrclf.datasets import load_image_folder


def test_defaults_on_real_radiographs(real_radiographs):
    train = load_image_folder(real_radiographs / "train")
    test = load_image_folder(real_radiographs / "test")
    clf = CXRClassifier(random_state=0).fit(train.data, train.target)
    # 0.978 when this was written; two of the 89 images are left for other versions
    # of torch and Pillow. The best of the nine networks of makris2020 has 0.9588.
    assert clf.score(test.data, test.target) >= 0.955
