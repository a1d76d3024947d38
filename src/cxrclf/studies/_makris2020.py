"""The study of Makris et al. 2020: nine frozen networks compared."""

from sklearn.model_selection import KFold

from cxrclf.augmentation import Augmentation
from cxrclf.classification import CXRClassifier
from cxrclf.studies._published_score import PublishedScore
from cxrclf.studies._study import Study

_CLASSES = "covid", "normal", "pneumonia"
_BACKBONES = {
    "VGG16": "vgg16",
    "VGG19": "vgg19",
    "MobileNetV2": "mobilenetv2",
    "InceptionV3": "inceptionv3",
    "Xception": "xception",
    "InceptionResNetV2": "inceptionresnetv2",
    "DenseNet201": "densenet201",
    "ResNet101V2 (for ResNet152V2)": "resnet101v2",
    "NASNetLarge": "nasnetlarge",
}

# Table 1. Accuracy; then precision, sensitivity, F1 and specificity of each class.
_COLUMNS = "precision", "sensitivity", "f1", "specificity"
_TABLE_1 = {
    "VGG16": (
        0.9588,
        (0.96, 0.96, 0.96, 0.98),
        (0.95, 1.00, 0.98, 0.98),
        (0.95, 0.91, 0.93, 0.98),
    ),
    "VGG19": (
        0.9503,
        (1.00, 0.92, 0.96, 1.00),
        (0.95, 1.00, 0.98, 0.98),
        (0.95, 0.91, 0.93, 0.95),
    ),
    "MobileNetV2": (
        0.3970,
        (1.00, 0.12, 0.21, 1.00),
        (1.00, 0.10, 0.18, 1.00),
        (0.35, 1.00, 0.52, 0.10),
    ),
    "InceptionV3": (
        0.5441,
        (1.00, 0.04, 0.07, 1.00),
        (0.74, 0.70, 0.72, 0.89),
        (0.46, 1.00, 0.63, 0.43),
    ),
    "Xception": (
        0.7647,
        (1.00, 0.62, 0.76, 1.00),
        (0.88, 0.70, 0.78, 0.95),
        (0.61, 1.00, 0.76, 0.69),
    ),
    "InceptionResNetV2": (
        0.5588,
        (1.00, 0.19, 0.32, 1.00),
        (0.51, 1.00, 0.68, 0.60),
        (0.54, 0.59, 0.57, 0.76),
    ),
    "DenseNet201": (
        0.3823,
        (1.00, 0.12, 0.21, 1.00),
        (1.00, 0.05, 0.10, 1.00),
        (0.34, 1.00, 0.51, 0.08),
    ),
    "ResNet101V2 (for ResNet152V2)": (
        0.6176,
        (1.00, 0.12, 0.21, 1.00),
        (0.95, 0.90, 0.92, 0.97),
        (0.46, 0.95, 0.62, 0.45),
    ),
    "NASNetLarge": (
        0.8123,
        (1.00, 0.58, 0.73, 1.00),
        (0.76, 0.95, 0.84, 0.87),
        (0.75, 0.95, 0.84, 0.85),
    ),
}

_PROTOCOL = {
    "data": (
        "336 radiographs, 112 of each class: COVID-19 from covid-chestxray-dataset, "
        "normal and bacterial pneumonia from chest-xray-pneumonia."
    ),
    "preprocessing": "Images are scaled to 224 × 224 pixels.",
    "networks": (
        "Nine networks with the weights of ImageNet. The convolutions are frozen. A "
        "new fully connected head is trained, with ReLU, dropout of 0.5 and softmax."
    ),
    "imbalance": "The classes have the same number of images.",
    "training": (
        "Adam with a learning rate of 1e-3, categorical cross-entropy, 35 epochs, "
        "batches of 8. Augmentation: rotation up to 30 degrees, horizontal flip, "
        "shear, zoom, crop, small random noise."
    ),
    "folds": "One random split into 80 % training and 20 % test images.",
    "metrics": (
        "Precision, sensitivity, F1 and specificity of each class, overall accuracy, "
        "confusion matrices, curves of training and validation, and the execution time "
        "of each network on a CPU."
    ),
}
_CHOSEN = (
    "The hidden layer of the head has 128 units, on the averaged feature map. The "
    "paper states neither the number of units nor the pooling.",
    "Shear up to 10 degrees, zoom by 10 %, crop by 10 % of each side, noise with a "
    "standard deviation of 0.002. The paper has no ranges except for the rotation.",
    "Pixels are normalized as for the training on ImageNet. The paper does not state "
    "the normalization.",
    "ResNet101V2 stands for ResNet152V2, because timm has no ImageNet weights of "
    "ResNet152V2.",
    "The weights of the last epoch are used. The paper does not select an epoch.",
    "The published test set has 26 COVID-19, 20 normal and 22 pneumonia images, if the "
    "sensitivities are read as fractions. The accuracies of VGG16, VGG19 and "
    "NASNetLarge are then 0.956, 0.941 and 0.809, and not the printed values.",
)
_CHOSEN_HONEST = (
    "Five folds by patient instead of one split, so that each image is tested once.",
    "A tenth of the training patients is held out for the validation curves.",
)
_CHOSEN_FAITHFUL = (
    "The random split is repeated as five random folds, so that each image is tested "
    "once. The first fold of 336 images has 268 training and 68 test images, as in the "
    "paper.",
)
_LEAKS = (
    "Images are split at random. Images of one patient, and copies of an image, are in "
    "the training and the test set.",
    "The validation curves are curves of the test images. The authors of the paper "
    "chose the number of epochs by them.",
)


def make_makris2020():
    """Return the study of Makris et al., which compares nine frozen networks.

    Returns
    -------
    Study
        Honest variant, with the variant to the letter of the paper as `faithful`.

    References
    ----------
    .. [1] A. Makris, I. Kontopoulos, K. Tserpes, "COVID-19 detection from chest X-ray
       images using deep learning and convolutional neural networks", 2020,
       doi:10.1101/2020.05.22.20110817.

    Examples
    --------
    >>> from cxrclf.studies import load_study
    >>> study = load_study("makris2020")
    >>> study.networks["VGG16"].max_epochs
    35
    """
    common = {
        "name": "makris2020",
        "networks": {name: _make_network(key) for name, key in _BACKBONES.items()},
        "title": "Nine frozen networks for COVID-19, pneumonia and normal radiographs",
        "reference": (
            "A. Makris, I. Kontopoulos, K. Tserpes, COVID-19 detection from chest "
            "X-ray images using deep learning and convolutional neural networks, 2020, "
            "doi:10.1101/2020.05.22.20110817"
        ),
        "classes": _CLASSES,
        "protocol": _PROTOCOL,
        "published": _list_published(),
    }
    faithful = Study(
        **common,
        cv=KFold(5, shuffle=True, random_state=0),
        validation="test",
        chosen=_CHOSEN + _CHOSEN_FAITHFUL,
        leaks=_LEAKS,
    )
    return Study(
        **common,
        cv=5,
        validation=0.1,
        chosen=_CHOSEN + _CHOSEN_HONEST,
        faithful=faithful,
    )


def _make_network(backbone):
    return CXRClassifier(
        backbone,
        trainable="head",
        hidden_units=128,
        dropout=0.5,
        image_size=224,
        augmentation=Augmentation(
            rotation=30,
            shear=10,
            zoom=0.1,
            crop=0.1,
            horizontal_flip=True,
            noise=0.002,
        ),
        optimizer="adam",
        learning_rate=1e-3,
        max_epochs=35,
        batch_size=8,
        keep_best=False,
    )


def _list_published():
    scores = []
    for network, (accuracy, *rows) in _TABLE_1.items():
        scores.append(PublishedScore(network, "accuracy", accuracy))
        scores += [
            PublishedScore(network, score, value, label)
            for label, values in zip(_CLASSES, rows, strict=True)
            for score, value in zip(_COLUMNS, values, strict=True)
        ]
    return tuple(scores)
