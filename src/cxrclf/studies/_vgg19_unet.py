"""The study vgg19_unet: VGG19 and ResNets, with and without lung segmentation."""

from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

from cxrclf.classification import CXRClassifier
from cxrclf.optimizers import Optimizer
from cxrclf.preprocessing import LungMasker
from cxrclf.studies._published_score import PublishedScore
from cxrclf.studies._study import Study

# Table 3: precision, recall and accuracy.
_TABLE_3 = {
    "VGG19": (0.9887, 0.98, 0.9942),
    "ResNet101": (0.94, 0.90, 0.91),
    "ResNet50": (0.85, 0.83, 0.85),
}
_POINTWISE_CHANNELS = {"VGG19": 256, "ResNet101": None, "ResNet50": None}
_SEGMENTED = "{} on lungs"

_PROTOCOL = {
    "data": (
        "1,699 radiographs of three data sets of Kaggle: 357 of COVID-19, 1,342 "
        "normal. The U-Net is trained on 704 radiographs of Shenzhen and Montgomery."
    ),
    "preprocessing": (
        "Images are resized to 224 × 224 pixels, also if this changes the aspect "
        "ratio. The color channels are swapped. Pixels are scaled to [0, 1]. A U-Net "
        "segments the lungs, and the background is discarded."
    ),
    "networks": (
        "VGG19, ResNet50 and ResNet101 with the weights of ImageNet, fine-tuned. A "
        "pointwise convolution reduces the channels of the output of VGG19. The U-Net "
        "is the classic one at 512 × 512 pixels: the masks of both lungs are joined "
        "and dilated; Adam with a learning rate of 1e-3, 50 epochs, batches of 16; "
        "zoom by 5 %, shifts and horizontal flips."
    ),
    "imbalance": "Nothing is done about the four normal images per COVID-19 image.",
    "training": (
        "Stochastic gradient descent with momentum, L2 regularization of 0.06, a "
        "learning rate of 1e-3, 80 epochs, batches of 64. Labels are one-vs-all."
    ),
    "folds": "One split into 80 % training and 20 % validation images.",
    "metrics": (
        "Precision, recall and accuracy of each network; accuracy of the pixels of the "
        "lung masks, which is 93 %."
    ),
}
_CHOSEN = (
    "The momentum is 0.9 and the L2 regularization applies to weights only, as in "
    "MATLAB, whose names of options the paper uses.",
    "The whole network is trained, with one learning rate. The paper does not state a "
    "frozen part.",
    "The pointwise convolution of VGG19 has 256 channels. The paper does not state a "
    "number.",
    "The order of the color channels is not swapped, because radiographs are gray. "
    "One-vs-all labels of two classes are trained as two outputs with softmax.",
    "The precision and recall of Table 3 are read as those of COVID-19. Its row of "
    "VGG19 fits no confusion matrix of 340 test images, for COVID-19, for normal, or "
    "for averages.",
    "Table 3 is read as the scores without segmentation. The networks on lungs have no "
    "published scores.",
    "The lungs are segmented at 512 × 512 pixels before the image is resized. The "
    "masks are dilated by 2 % of the side, which the paper does not state.",
    "The weights of the last epoch are used. The paper does not select an epoch.",
)
_CHOSEN_HONEST = (
    "Five folds by patient instead of one split, so that each image is tested once.",
    "A tenth of the training patients is held out for the validation curves.",
)
_CHOSEN_FAITHFUL = (
    "The split is repeated as five random folds, stratified by class, so that each "
    "image is tested once. The paper does not state how it splits.",
)
_LEAKS = (
    "Images are split without regard to patients. Images of one patient, and copies of "
    "an image in several data sets, are in the training and the test set.",
    "The 20 % for validation are the test images. The curves and the settings, with "
    "which the authors experimented, depend on them.",
)


def make_vgg19_unet():
    """Return the study of VGG19 and ResNets, with and without lung segmentation.

    The networks "... on lungs" need a fitted segmenter, see
    :func:`~cxrclf.studies.fit_lung_segmenter`.

    Returns
    -------
    Study
        Honest variant, with the variant to the letter of the paper as `faithful`.

    Examples
    --------
    >>> from cxrclf.studies import load_study
    >>> study = load_study("vgg19_unet")
    >>> study.networks["VGG19"].optimizer
    Optimizer(name='sgd', weight_decay=0.06)
    """
    plain = {name: _make_network(name) for name in _TABLE_3}
    # The images are masked at the size of the segmenter.
    segmented = {
        _SEGMENTED.format(name): make_pipeline(
            LungMasker(None, image_size=512), _make_network(name)
        )
        for name in _TABLE_3
    }
    common = {
        "name": "vgg19_unet",
        "networks": plain | segmented,
        "title": "VGG19, ResNet50 and ResNet101 for COVID-19, with lung segmentation",
        "classes": ("covid", "normal"),
        "protocol": _PROTOCOL,
        "published": _list_published(),
    }
    faithful = Study(
        **common,
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
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


def _make_network(name):
    return CXRClassifier(
        name.lower(),
        trainable="all",
        pointwise_channels=_POINTWISE_CHANNELS[name],
        normalization="unit",
        image_size=224,
        optimizer=Optimizer("sgd", momentum=0.9, weight_decay=0.06),
        learning_rate=1e-3,
        body_learning_rate=1e-3,
        max_epochs=80,
        batch_size=64,
        keep_best=False,
    )


def _list_published():
    scores = []
    for network, (precision, recall, accuracy) in _TABLE_3.items():
        scores += [
            PublishedScore(network, "accuracy", accuracy),
            PublishedScore(network, "precision", precision, "covid"),
            PublishedScore(network, "sensitivity", recall, "covid"),
        ]
    return tuple(scores)
