r"""
===========================================
Five-fold study of an imbalanced data set
===========================================

This study starts with a folder of radiographs and ends with a report. The images of a
patient, and copies of an image, are in one fold only. COVID-19 is rare, and two
remedies are compared. Without ``--data`` the radiographs are synthetic::

    python examples/five_fold_study.py --out demo-results

``--data`` names your folder, with one sub-folder per class. ``--groups`` finds the
patient in a file name, such as ``--groups "^(person\d+)"`` for ``person17_3.jpeg``.
The study needs ``pip install "cxrclf[lite,plot]"``. Repeat the command to continue it.
"""

import argparse
from pathlib import Path

from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from sklearn.base import clone

from cxrclf import Augmentation, CXRClassifier
from cxrclf.datasets import load_image_folder, make_chest_radiographs, save_image_folder
from cxrclf.studies import Study

CLASSIFIER = CXRClassifier(
    "tf_efficientnet_lite0",
    trainable=2,
    image_size=128,
    augmentation=Augmentation(rotation=10, shift=0.05, zoom=0.1, horizontal_flip=True),
    learning_rate=1e-2,
    body_learning_rate=3e-3,
    max_epochs=6,
)
DRAWING = {"weights": [0.12, 0.50, 0.38], "random_state": 0}  # covid is rare
STUDY = Study(
    "remedies for a rare class",
    {
        "oversampled": make_pipeline(RandomOverSampler(random_state=0), CLASSIFIER),
        "class weights": clone(CLASSIFIER).set_params(class_weight="balanced"),
    },
    cv=5,
    validation=0.1,  # of the training patients, for the learning curves
)


def load_radiographs(args):
    """Return the radiographs of a folder. Without a folder, draw synthetic ones."""
    if args.data is not None:
        return load_image_folder(args.data, groups=args.groups)
    folder = args.out / "radiographs"
    if not folder.exists():
        drawn = make_chest_radiographs(args.images, **DRAWING)
        save_image_folder(drawn.images, drawn.target, folder, groups=drawn.groups)
    return load_image_folder(folder, groups=r"^(patient\d+)")


def main(argv=None):
    """Run the study."""
    parser = argparse.ArgumentParser()
    add = parser.add_argument
    add("--data", type=Path, help="folder with one sub-folder per class")
    add("--groups", help="regular expression for the patient in a file name")
    add("--out", type=Path, default=Path("demo-results"), help="folder of the report")
    add("--images", type=int, default=320, help="number of synthetic radiographs")
    add("--jobs", type=int, default=1, help="number of trainings at once")
    args = parser.parse_args(argv)
    data = load_radiographs(args)
    options = {"out": args.out / "results", "n_jobs": args.jobs}
    results = STUDY.run(data.data, data.target, data.groups, **options)
    results.report(args.out / "report.html")
    print(results)
    print(f"\nOpen {args.out / 'report.html'} in a browser.")


if __name__ == "__main__":
    main()
