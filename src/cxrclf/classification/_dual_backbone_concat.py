"""DualBackboneConcat: CXRClassifier with the backbones and settings of a study."""

from cxrclf._utils.signatures import with_defaults
from cxrclf.classification._cxr_classifier import CXRClassifier


class DualBackboneConcat(CXRClassifier):
    """Classify chest radiographs with two or more networks side by side.

    It is a :class:`CXRClassifier` with the settings of Rahimzadeh and Attar [1]_. All
    backbones see the same image, and their last feature maps are concatenated on
    channels. A 1 × 1 convolution to 1,024 channels without activation follows, then
    pooling and the output layer.

    Read more in the :ref:`User Guide <dual_backbone>`.

    Parameters
    ----------
    backbone : sequence of str, default=("xception", "resnet50v2")
        Names of two or more networks of timm, or the names that papers use for them.
        Feature maps of different sizes are resized to the finest one.
    pointwise_channels : int or None, default=1024
        Number of channels of the 1 × 1 convolution. None leaves the convolution out.
    image_size : int, (int, int) or None, default=300
        Height and width that the networks get, in pixels. None uses the size of
        arrays; for files, it uses the largest size of the backbones.
    weights, trainable, hidden_units, dropout, pooling, normalization, ...
        All other parameters, with their order and their defaults, are the same as in
        :class:`CXRClassifier`. ``weights`` may be a sequence with one entry per
        backbone.

    See Also
    --------
    CXRClassifier : Describes all parameters and attributes.
    cxrclf.nets.ConcatBackbone : The concatenation as a torch module.

    References
    ----------
    .. [1] M. Rahimzadeh and A. Attar, "A modified deep convolutional neural network
       for detecting COVID-19 and pneumonia from chest X-ray images based on the
       concatenation of Xception and ResNet50V2", Informatics in Medicine Unlocked
       19, 100360, 2020.

    Examples
    --------
    >>> from cxrclf import DualBackboneConcat
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> data = make_chest_radiographs(24, image_size=64, random_state=0)
    >>> names = "test_resnet", "test_efficientnet"
    >>> clf = DualBackboneConcat(
    ...     names, weights=None, image_size=None, max_epochs=2, random_state=0)
    >>> clf.fit(data.images, data.target).predict_proba(data.images[:2]).shape
    (2, 3)
    """

    __init__ = with_defaults(
        CXRClassifier.__init__,
        backbone=("xception", "resnet50v2"),
        pointwise_channels=1024,
        image_size=300,
    )

    def _check_parameters(self, has_validation):
        super()._check_parameters(has_validation)
        if isinstance(self.backbone, str):
            raise ValueError(
                "backbone must be the names of two networks or more, got "
                f"{self.backbone!r}. For a single network use CXRClassifier."
            )
