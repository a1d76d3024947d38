"""The study of Rahimzadeh and Attar 2020: training in balanced phases."""

from cxrclf.augmentation import Augmentation
from cxrclf.classification import CXRClassifier, DualBackboneConcat
from cxrclf.sampling import PhasedClassifier
from cxrclf.studies._image_rest_folds import ImageRestFolds
from cxrclf.studies._patient_rest_folds import PatientRestFolds
from cxrclf.studies._proportional_phases import ProportionalPhases
from cxrclf.studies._published_score import PublishedScore
from cxrclf.studies._study import Study

_REFERENCE = (
    'M. Rahimzadeh and A. Attar, "A modified deep convolutional neural network for '
    "detecting COVID-19 and pneumonia from chest X-ray images based on the "
    'concatenation of Xception and ResNet50V2", Informatics in Medicine Unlocked 19, '
    "100360, 2020."
)

_N_COVID = 180  # COVID-19 images of the published data set
_TRAINING = {"normal": 2000, "pneumonia": 1634}
_TESTED = (31, 31, 30, 31, 31)  # COVID-19 images that a fold tests
_VALIDATION = 300

_PROTOCOL = {
    "data": (
        "180 COVID-19, 6,054 pneumonia and 8,851 normal images. All COVID-19 images "
        "and 42 pneumonia images are from covid-chestxray-dataset (118 and 25 "
        "patients), the others from the RSNA pneumonia challenge."
    ),
    "preprocessing": "300 × 300 pixels, divided by 255.",
    "networks": (
        "Xception, ResNet50V2, and their concatenation: the two last feature maps "
        "(10 × 10 × 2048 each) are concatenated on channels. A 1 × 1 convolution with "
        "1,024 filters and no activation follows, then the classifier. All start from "
        "ImageNet weights."
    ),
    "imbalance": (
        "8 phases of 633 images: 149 COVID-19 images and 34 pneumonia images that are "
        "in every phase, 200 pneumonia images and 250 normal images that are in one "
        "phase only. The weights carry on from phase to phase."
    ),
    "training": (
        "Nadam with a learning rate of 1e-4, categorical cross-entropy, 100 epochs per "
        "phase, batches of 30 images (20 for the concatenation). Horizontal and "
        "vertical flips, zoom 5 %, rotation 0-360°, width and height shift 5 %, "
        '"shift range" 5 %. The accuracy on the validation set selects the best epoch.'
    ),
    "folds": (
        "5 folds. A fold trains on 149 COVID-19, 1,634 pneumonia and 2,000 normal "
        "images. It is validated on all other images: 31, 4,420 and 6,851. Fold 3 "
        "trains on 150 COVID-19 images and is validated on 30."
    ),
    "metrics": (
        "Accuracy, specificity, sensitivity and precision of each class, and the "
        "overall accuracy, as means of the folds."
    ),
}

_CHOSEN = (
    "The feature map is flattened before the output layer, and dropout of 0.5 follows, "
    "as in the code of the authors. The paper does not describe the classifier.",
    "The whole network is trained with one learning rate.",
    '"Shift range 5 %" is a shear of 0.05 degrees, as in the code of the authors '
    "(shear_range=0.05).",
    "For data of another size, the numbers of training images and the phases keep the "
    "published proportions to the number of COVID-19 images. There are fewer than 8 "
    "phases if a phase would otherwise have fewer images of a frequent class than "
    "COVID-19 images.",
    "The pneumonia images that are in every phase are drawn at random. In the paper "
    "they are from covid-chestxray-dataset.",
    "Each fold draws its normal and pneumonia training images anew, so they may be "
    "tested in several folds. No COVID-19 image is tested in two folds.",
    "The published scores are the means in Table 4. They are rounded or cut to two "
    "digits of a percentage.",
)

_CHOSEN_HONEST = (
    "Each COVID-19 image is tested once: 36 of 180 per fold.",
    "A tenth of the training patients selects the best epoch, and the phases have the "
    "other patients.",
)

_CHOSEN_FAITHFUL = (
    "The validation set has all test images of COVID-19 and 300 test images of each "
    "other class. The paper only states that the images that are not trained on are "
    "the validation set and the test set at once.",
)

_LEAKS = (
    "The best epoch is the one with the highest accuracy on images of the test set.",
    "The folds divide images and not patients, so images of one patient may be in the "
    "training set and in the test set.",
)

# Percentages. Per class: accuracy, specificity, sensitivity, precision.
_TABLE_4 = {
    "Xception": {
        None: (91.31,),
        "covid": (99.48, 99.55, 73.35, 33.39),
        "pneumonia": (91.52, 93.17, 88.95, 89.35),
        "normal": (91.62, 89.63, 92.91, 93.26),
    },
    "ResNet50V2": {
        None: (89.79,),
        "covid": (99.26, 99.33, 74.02, 24.09),
        "pneumonia": (90.07, 92.98, 85.54, 88.85),
        "normal": (90.25, 86.64, 92.60, 91.50),
    },
    "Concatenated": {
        None: (91.40,),
        "covid": (99.50, 99.56, 80.53, 35.27),
        "pneumonia": (91.60, 94.32, 87.35, 90.83),
        "normal": (91.71, 88.09, 94.06, 92.40),
    },
}
_SCORES = ("accuracy", "specificity", "sensitivity", "precision")


def make_rahimzadeh2020():
    """Return the study of Rahimzadeh and Attar.

    Returns
    -------
    Study
        Honest variant. Its attribute `faithful` is the variant to the letter.
    """
    common = {
        "title": "Concatenation of Xception and ResNet50V2, trained in balanced phases",
        "reference": _REFERENCE,
        "classes": ("covid", "normal", "pneumonia"),
        "protocol": _PROTOCOL,
        "published": _list_published(),
    }
    faithful = Study(
        "rahimzadeh2020",
        _make_networks(),
        ImageRestFolds(
            _TESTED, training=_TRAINING, validation=_VALIDATION, n_rare=_N_COVID
        ),
        chosen=_CHOSEN + _CHOSEN_FAITHFUL,
        leaks=_LEAKS,
        **common,
    )
    return Study(
        "rahimzadeh2020",
        _make_networks(),
        PatientRestFolds(5, training=_TRAINING, n_rare=_N_COVID),
        validation=0.1,
        chosen=_CHOSEN + _CHOSEN_HONEST,
        faithful=faithful,
        **common,
    )


def _make_networks():
    """Return the three networks by name."""
    settings = {
        "trainable": "all",
        "dropout": 0.5,
        "pooling": "flatten",
        "normalization": "unit",
        "image_size": 300,
        "augmentation": Augmentation(
            rotation=180,  # from -180° to 180°, the same as from 0° to 360°
            shift=0.05,
            shear=0.05,
            zoom=0.05,
            horizontal_flip=True,
            vertical_flip=True,
        ),
        "optimizer": "nadam",
        "learning_rate": 1e-4,
        "body_learning_rate": 1e-4,
        "max_epochs": 100,
        "monitor": "valid_accuracy",
        "random_state": 0,
    }
    classifiers = {
        "Xception": CXRClassifier("Xception", batch_size=30, **settings),
        "ResNet50V2": CXRClassifier("ResNet50V2", batch_size=30, **settings),
        "Concatenated": DualBackboneConcat(
            ("Xception", "ResNet50V2"), batch_size=20, **settings
        ),
    }
    phases = ProportionalPhases(
        8,
        per_phase={"normal": 250, "pneumonia": 200},
        shared={"pneumonia": 34},
        random_state=0,
    )
    return {
        name: PhasedClassifier(classifier, phases, random_state=0)
        for name, classifier in classifiers.items()
    }


def _list_published():
    """Return the means of Table 4."""
    return [
        PublishedScore(network, score, round(value / 100, 4), label)
        for network, classes in _TABLE_4.items()
        for label, values in classes.items()
        for score, value in zip(_SCORES, values, strict=False)
    ]
