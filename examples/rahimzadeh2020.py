r"""
================================================
Rahimzadeh and Attar 2020: training in phases
================================================

The study of M. Rahimzadeh and A. Attar, "A modified deep convolutional neural network
for detecting COVID-19 and pneumonia from chest X-ray images based on the concatenation
of Xception and ResNet50V2", Informatics in Medicine Unlocked 19, 100360, 2020. It
compares two networks and their concatenation in five folds. The training has eight
phases. Each phase has all images of the rare class, and different images of the
frequent classes.

``--data`` names a folder with the sub-folders ``covid``, ``normal`` and ``pneumonia``.
``--groups`` finds the patient in a file name::

    python examples/rahimzadeh2020.py --data radiographs --groups "^(person\d+)"

By default the networks and images are small, and the study runs anywhere. ``--paper``
selects the published networks, which need a GPU and, for the ImageNet weights, a
connection to the internet. ``--faithful`` follows the paper to the letter: the best
epoch is selected on test images, and patients are in the training and the test set.

The command line does the same: ``cxrclf study rahimzadeh2020 --help``.
"""

import argparse
from pathlib import Path

from cxrclf.datasets import load_image_folder
from cxrclf.studies import load_study


def main(argv=None):
    """Run the study."""
    parser = argparse.ArgumentParser(description="Repeat the study of Rahimzadeh")
    parser.add_argument("--data", type=Path, required=True, help="folder of classes")
    parser.add_argument("--groups", help="pattern of the patient in a file name")
    parser.add_argument("--out", type=Path, default=Path("rahimzadeh2020"))
    parser.add_argument("--paper", action="store_true", help="published networks")
    parser.add_argument("--faithful", action="store_true", help="with the leaks")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once")
    args = parser.parse_args(argv)

    study = load_study("rahimzadeh2020")
    if not args.paper:
        study = study.scaled(
            backbones=["tf_efficientnet_lite0", "tf_efficientnet_lite1"],
            image_size=96,
            max_epochs=4,
            batch_size=8,
            learning_rate=1e-3,
            body_learning_rate=1e-3,
            pooling="mean",
            trainable=2,
        )
    print(study)
    data = load_image_folder(args.data, groups=args.groups)
    results = study.run(
        data.data,
        data.target,
        data.groups,
        faithful=args.faithful,
        out=args.out / "results",
        n_jobs=args.jobs,
    )
    results.report(args.out / "report.html")
    print(results)
    print(results.compare())
    print(f"\nOpen {args.out / 'report.html'} in a browser.")


if __name__ == "__main__":
    main()
