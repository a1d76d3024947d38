"""The study of Zebin and Rezvy: synthetic images of COVID-19 by a CycleGAN."""

from imblearn.pipeline import make_pipeline

from cxrclf.augmentation import Augmentation
from cxrclf.classification import CXRClassifier
from cxrclf.generation import CycleGANGenerator
from cxrclf.preprocessing import IntensityNormalizer
from cxrclf.sampling import GenerativeOverSampler
from cxrclf.studies._added_images import AddedImages
from cxrclf.studies._fixed_test_folds import FixedTestFolds
from cxrclf.studies._published_score import PublishedScore
from cxrclf.studies._study import Study

_CLASSES = "covid", "normal", "pneumonia"
# The last block of each network is trained: 3 convolutions of VGG16, or a stage.
_TRAINED_STAGES = {"VGG16": 3, "ResNet50": 1, "EfficientNetB0": 1}

# Table 2: accuracy, then the precision of each class.
_TABLE_2 = {
    "VGG16 (v1)": (0.88, 0.82, 0.84, 0.98),
    "VGG16 (v2)": (0.912, 0.93, 0.87, 0.96),
    "ResNet50 (v2)": (0.953, 0.96, 0.96, 0.93),
    "EfficientNetB0 (v2)": (0.967, 0.950, 1.0, 0.96),
}
# Section 4.2.
_RECALL = PublishedScore("EfficientNetB0 (v2)", "sensitivity", 0.965, "covid")

_PROTOCOL = {
    "data": (
        "142 radiographs of COVID-19 from covid-chestxray-dataset, 300 normal ones and "
        "300 of pneumonia from chest-xray-pneumonia."
    ),
    "preprocessing": "Intensity normalization. The networks get 224 × 224 pixels.",
    "networks": (
        "VGG16, ResNet50 and EfficientNet-B0 with the weights of ImageNet. Early "
        "layers are frozen. A new head for three classes is trained and fine-tuned. "
        "The networks have 14.7, 23.7 and 5.3 million parameters, and their files have "
        "57, 97 and 21 megabytes."
    ),
    "imbalance": (
        "v1: none. v2: a CycleGAN learns in 5,000 iterations to turn normal images "
        "into COVID-19 images, and 100 synthetic COVID-19 images are added to the "
        "training images."
    ),
    "training": (
        "Adam with a learning rate of 1e-4, categorical cross-entropy, 50 epochs, "
        "batches of 8. Augmentation: rotation, width and height shift, horizontal and "
        "vertical flips."
    ),
    "folds": (
        "80 % training images (113 COVID-19, 240 normal, 240 pneumonia) and 20 % test "
        "images (29, 60, 60). Five-fold cross-validation inside the training images, "
        "with the validation set as a checkpoint."
    ),
    "metrics": (
        "Accuracy, precision and recall of each class, confusion matrices, curves of "
        "the loss, Grad-CAM maps of each class and of one patient on days 3, 7 and 9."
    ),
}
_CHOSEN = (
    "Each of the five networks of the cross-validation predicts the test part, which "
    "is the same for all five. The paper does not state which network it tests.",
    "The epoch with the smallest loss on the validation fold is used, as a checkpoint.",
    "The 100 synthetic images are added to the training images of each fold, and the "
    "CycleGAN is trained on these images only. The paper divides the images after the "
    "synthetic ones were added, so that some of them validate.",
    "The CycleGAN has the published networks and settings of Zhu et al., at 224 × 224 "
    "pixels. The study has no other settings than the number of iterations.",
    "The last block of convolutions is trained with the head, with the same learning "
    "rate. The paper does not state how many layers are frozen.",
    "The head has a hidden layer of 64 units. The published numbers of parameters of "
    "VGG16 and ResNet50 in Keras need one of 31 to 68 units. The 5.3 million of "
    "EfficientNet-B0 are those of the whole network for ImageNet.",
    "Rotation up to 15 degrees, shifts up to 10 %. The paper has no ranges, and names "
    "the vertical flip in the text but not in Table 1.",
    "Intensity normalization stretches each image from its darkest to its brightest "
    "pixel.",
    "The published scores of ResNet50 and EfficientNet-B0 are read as those with "
    "synthetic images (v2). The paper does not state it.",
    "The precision of COVID-19 by VGG16 with v1 is 0.82, as in Table 2. The text has "
    "0.88. The precision of 0.95 and the recall of 0.965 of EfficientNet-B0 do not fit "
    "29 test images of COVID-19.",
)
_CHOSEN_HONEST = (
    "The test part is a fifth of the patients. The folds divide the other patients.",
)
_CHOSEN_FAITHFUL = ("The random split and the folds are stratified by class.",)
_LEAKS = (
    "Images are split at random. Images of one patient, and copies of an image, are in "
    "the training, the validation and the test part.",
    "The networks and the augmentation are compared on the test part, and the best of "
    "them is reported.",
)


def make_cyclegan_gradcam():
    """Return the study of Zebin and Rezvy, with images of a CycleGAN.

    Returns
    -------
    Study
        Honest variant, with the variant to the letter of the paper as `faithful`.

    References
    ----------
    .. [1] T. Zebin, S. Rezvy, "COVID-19 detection and disease progression
       visualization: Deep learning on chest X-rays for classification and coarse
       localization", Applied Intelligence 51, 2021, doi:10.1007/s10489-020-01867-1.

    Examples
    --------
    >>> from cxrclf.studies import load_study
    >>> study = load_study("cyclegan_gradcam")
    >>> list(study.networks)  # doctest: +NORMALIZE_WHITESPACE
    ['VGG16 (v1)', 'VGG16 (v2)', 'ResNet50 (v1)', 'ResNet50 (v2)',
    'EfficientNetB0 (v1)', 'EfficientNetB0 (v2)']
    """
    networks = {}
    for name in _TRAINED_STAGES:
        networks[f"{name} (v1)"] = _make_network(name)
        networks[f"{name} (v2)"] = make_pipeline(_make_sampler(), _make_network(name))
    common = {
        "name": "cyclegan_gradcam",
        "networks": networks,
        "title": "Three networks for COVID-19, with synthetic images by a CycleGAN",
        "reference": (
            "T. Zebin, S. Rezvy, COVID-19 detection and disease progression "
            "visualization: Deep learning on chest X-rays for classification and "
            "coarse localization, Applied Intelligence 51, 2021, "
            "doi:10.1007/s10489-020-01867-1"
        ),
        "classes": _CLASSES,
        "preprocessing": IntensityNormalizer(low=0, high=100, image_size=224),
        "protocol": _PROTOCOL,
        "published": _list_published(),
    }
    faithful = Study(
        **common,
        cv=FixedTestFolds(5, by_patient=False),
        chosen=_CHOSEN + _CHOSEN_FAITHFUL,
        leaks=_LEAKS,
    )
    return Study(
        **common,
        cv=FixedTestFolds(5),
        chosen=_CHOSEN + _CHOSEN_HONEST,
        faithful=faithful,
    )


def _make_network(name):
    return CXRClassifier(
        name.lower(),
        trainable=_TRAINED_STAGES[name],
        hidden_units=64,
        image_size=224,
        augmentation=Augmentation(
            rotation=15, shift=0.1, horizontal_flip=True, vertical_flip=True
        ),
        optimizer="adam",
        learning_rate=1e-4,
        body_learning_rate=1e-4,
        max_epochs=50,
        batch_size=8,
        monitor="valid_loss",
        keep_best=True,
    )


def _make_sampler():
    generator = CycleGANGenerator.preset(
        "paper",
        source="normal",
        image_size=224,
        max_iter=5000,
        quality_backbone=None,
    )
    return GenerativeOverSampler(
        generator, sampling_strategy=AddedImages("covid", n_images=100)
    )


def _list_published():
    scores = []
    for network, (accuracy, *precisions) in _TABLE_2.items():
        scores.append(PublishedScore(network, "accuracy", accuracy))
        scores += [
            PublishedScore(network, "precision", precision, label)
            for label, precision in zip(_CLASSES, precisions, strict=True)
        ]
    return (*scores, _RECALL)
