"""The study of Punn and Agarwal 2020: weighted losses and random oversampling."""

from imblearn.pipeline import Pipeline
from sklearn.pipeline import make_pipeline

from cxrclf.classification import CXRClassifier
from cxrclf.preprocessing import (
    ArtifactMask,
    TextInpainter,
    TotalVariationDenoiser,
)
from cxrclf.sampling import AugmentedOverSampler
from cxrclf.studies._image_table_folds import ImageTableFolds
from cxrclf.studies._punn2020_scores import list_punn2020_scores
from cxrclf.studies._study import Study

_REFERENCE = (
    'N. S. Punn and S. Agarwal, "Automated diagnosis of COVID-19 with limited '
    'posteroanterior chest X-ray images using fine-tuned deep neural networks", '
    "Applied Intelligence 51, 2689-2702, 2021."
)

_NETWORKS = {
    "Baseline ResNet": "BaselineResNet",
    "Inception-v3": "InceptionV3",
    "Inception ResNet-v2": "InceptionResNetV2",
    "DenseNet169": "DenseNet169",
    "NASNetLarge": "NASNetLarge",
}
_OTHER = "other"
_MERGED = "pneumonia or tuberculosis"
_CLASSES = ("covid", "normal", "pneumonia", "tuberculosis")
_SCHEMES = {
    "2 classes": {name: name if name == "covid" else _OTHER for name in _CLASSES},
    "3 classes": {
        "covid": "covid",
        "normal": "normal",
        "pneumonia": _MERGED,
        "tuberculosis": _MERGED,
    },
    "4 classes": {name: name for name in _CLASSES},
}
# Table 2: training, validation and test images. 906 is printed as 960 in one column.
_SIZES = {
    "covid": (88, 9, 11),
    "normal": (437, 44, 52),
    "pneumonia": (422, 41, 52),
    "tuberculosis": (47, 5, 6),
    _MERGED: (469, 46, 58),
    _OTHER: (906, 90, 110),
}

_PROTOCOL = {
    "data": (
        "1,214 posteroanterior images: 108 COVID-19, 515 pneumonia, 58 tuberculosis, "
        "533 normal, from covid-chestxray-dataset, the RSNA pneumonia challenge and "
        "the Montgomery set. Schemes: COVID-19 against all others; COVID-19, normal, "
        "and pneumonia with tuberculosis; all four classes."
    ),
    "preprocessing": (
        "Bright text and symbols are inpainted with a mask from a threshold of "
        "brightness. Images are resized to 331 × 331 × 3, and denoised by adaptive "
        "total variation: min over u of ∫(u - f ln u) + ∫ω|∇u| with "
        "ω = 1 / (1 + k|∇(G * u)|)."
    ),
    "networks": (
        "A baseline residual network: five blocks of two convolutions with ReLU, "
        "concatenated with the input of the block, then max pooling and "
        "normalization. Inception-v3, Inception ResNet-v2, DenseNet169 and "
        "NASNetLarge with ImageNet weights: the four head layers and new fully "
        "connected layers are trained, with 128 units and one output per class."
    ),
    "imbalance": (
        "Weighted: cross-entropy with the class weights w(c) = C_c Σn / (N n_c). "
        "Oversampled: rotated, scaled and displaced copies of training images until "
        "all classes are equal."
    ),
    "training": (
        "Adam, batches of 10 images, switchable normalization, early stopping if the "
        "validation error stops decreasing. Metrics of each epoch are logged with "
        "TensorBoard."
    ),
    "folds": (
        '"4-fold cross validation", and a table of 994 training, 99 validation and '
        "121 test images."
    ),
    "metrics": (
        "Accuracy, precision, recall, AUC, specificity and F1 score of the COVID-19 "
        "class."
    ),
}

_CHOSEN = (
    "The learning rate is 1e-3 for all trained layers, the default of Adam. Trainings "
    "end after 100 epochs, or after 10 epochs without a lower validation loss.",
    "The last stage of a network stands for its four head layers, because whole stages "
    "are trained. Dropout and augmentation are not stated and not used.",
    "All class constants C_c of the weighted loss are 1.",
    "Copies of the oversampling are rotated by up to 15 degrees, zoomed by up to 10 % "
    "and shifted by up to 5 %.",
    "The threshold of bright text is 0.98 of the range of the pixels. Files are "
    "resized before the text is inpainted.",
    "ω of the denoising is computed from the image, and twice from the denoised image. "
    "The paper states neither k, nor σ, nor the computation.",
    "The widths of the baseline network are (16, 32, 64, 128, 256), and its "
    "normalization is switchable. It is trained from random weights.",
    "Early stopping and the best epoch use a validation set, and the test set is not "
    "watched. In the paper, Fig. 6 shows curves of the test set during the training.",
    'The published scores are from Table 4. "Inception v2" there is Inception-v3. '
    "Table 5 repeats the scores of NASNetLarge oversampled, with two other values for "
    "4 classes (AUC 0.94, specificity 0.92) and one for 2 classes (specificity 0.98). "
    "The F1 score of 0.98 for 2 classes contradicts its precision and recall (0.88).",
    "29 of 30 published precisions are too high for 11 COVID-19 images among 121 and "
    "the published sensitivity and specificity. The paper does not explain them.",
)

_CHOSEN_HONEST = (
    "In each of 4 folds by patient, a tenth of the training patients is the validation "
    "set.",
)

_CHOSEN_FAITHFUL = (
    "Each of the 4 folds has the sizes of Table 2, and no image is tested in two "
    "folds. The table and 4 folds of equal parts contradict each other.",
    "Oversampling for 2 classes gives 2 × 906 training images. Table 2 has 2 × 960, "
    "which contradicts its 906 images for the weighted loss.",
)

_LEAKS = (
    "The images are divided at random and not by patient, so images of one patient, "
    "and copies of an image, may be in the training, validation and test set.",
)


def make_punn2020():
    """Return the study of Punn and Agarwal.

    Returns
    -------
    Study
        Honest variant. Its attribute `faithful` is the variant to the letter.
    """
    common = {
        "title": "Weighted loss and random oversampling for five networks",
        "reference": _REFERENCE,
        "classes": _CLASSES,
        "schemes": _SCHEMES,
        "preprocessing": _make_preprocessing(),
        "protocol": _PROTOCOL,
        "published": list_punn2020_scores(),
    }
    faithful = Study(
        "punn2020",
        _make_networks(),
        ImageTableFolds(_SIZES, 4),
        chosen=_CHOSEN + _CHOSEN_FAITHFUL,
        leaks=_LEAKS,
        **common,
    )
    return Study(
        "punn2020",
        _make_networks(),
        4,
        validation=0.1,
        chosen=_CHOSEN + _CHOSEN_HONEST,
        faithful=faithful,
        **common,
    )


def _make_preprocessing():
    """Return the steps that work on each image alone."""
    # Equation 4: all bright pixels, whatever they belong to.
    threshold = ArtifactMask(
        0.98,
        contrast=None,
        sharpness=None,
        max_size=None,
        central_field=None,
        growth=0.0,
    )
    return make_pipeline(
        TextInpainter(threshold, image_size=331),
        TotalVariationDenoiser(n_reweightings=2, image_size=331),
    )


def _make_networks():
    """Return the ten networks by name."""
    networks = {}
    for name, backbone in _NETWORKS.items():
        baseline = backbone == "BaselineResNet"
        settings = {
            "weights": None if baseline else "imagenet",
            "trainable": "all" if baseline else 1,
            "hidden_units": None if baseline else 128,
            "image_size": 331,
            "optimizer": "adam",
            "learning_rate": 1e-3,
            "body_learning_rate": 1e-3,
            "max_epochs": 100,
            "batch_size": 10,
            "early_stopping": True,
            "n_iter_no_change": 10,
            "monitor": "valid_loss",
            "random_state": 0,
        }
        networks[f"{name} weighted"] = CXRClassifier(
            backbone, class_weight="balanced", **settings
        )
        networks[f"{name} oversampled"] = Pipeline(
            [
                ("oversample", AugmentedOverSampler(15, 0.1, 0.05, random_state=0)),
                ("classify", CXRClassifier(backbone, **settings)),
            ]
        )
    return networks
