"""Heads: the layers that compute outputs from a feature map."""

import math
from numbers import Integral, Real

from torch import nn
from torch.nn import functional

from cxrclf._utils.image_size import check_image_size
from cxrclf.nets._autocast import without_autocast
from cxrclf.nets._dropout import SeededDropout


class Head(nn.Module):
    """Pooling, dropout and fully connected layers on a feature map.

    The head always computes in the precision of its own parameters, also under
    autocast. This preserves the precision of the logits and costs little time.

    Parameters
    ----------
    in_features : int
        Number of channels of the feature map.
    n_outputs : int
        Number of outputs.
    hidden_units : int, default=None
        Number of units of a fully connected layer with ReLU between pooling and
        output, as in [1]_ and [2]_. If None, there is no such layer.
    dropout : float, default=0.0
        Fraction of the values before the output that are set to zero in training, in
        [0, 1).
    pointwise_channels : int, default=None
        Number of output channels of a pointwise convolution before pooling. If None,
        there is no such convolution.
    pointwise_relu : bool, default=True
        Whether a ReLU follows the pointwise convolution. The head of [3]_ has none.
        Without a ReLU, pooling may come before the convolution, which gives the same
        result with less work.
    flatten_size : (int, int), default=None
        Height and width of the feature maps if they are flattened instead of averaged,
        as in [3]_. If None, they are averaged.

    Attributes
    ----------
    in_features : int
        Number of channels of the feature map.
    n_outputs : int
        Number of outputs.
    needs_map : bool
        Whether the head needs the feature map and does not accept pooled features. This
        is the case if a ReLU comes before pooling, and if there is no pooling.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    .. [1] A. Makris, I. Kontopoulos, K. Tserpes, "COVID-19 detection from chest X-ray
       images using deep learning and convolutional neural networks", 2020,
       doi:10.1101/2020.05.22.20110817.
    .. [2] N. S. Punn, S. Agarwal, "Automated diagnosis of COVID-19 with limited
       posteroanterior chest X-ray images using fine-tuned deep neural networks",
       Applied Intelligence 51, 2021.
    .. [3] M. Rahimzadeh and A. Attar, "A modified deep convolutional neural network
       for detecting COVID-19 and pneumonia from chest X-ray images based on the
       concatenation of Xception and ResNet50V2", Informatics in Medicine Unlocked
       19, 100360, 2020.

    Examples
    --------
    >>> import torch
    >>> from cxrclf.nets import Head
    >>> head = Head(96, 3, hidden_units=128, dropout=0.5)
    >>> head(torch.zeros(2, 96, 7, 7)).shape
    torch.Size([2, 3])
    """

    def __init__(
        self,
        in_features,
        n_outputs,
        *,
        hidden_units=None,
        dropout=0.0,
        pointwise_channels=None,
        pointwise_relu=True,
        flatten_size=None,
    ):
        super().__init__()
        _check_positive("in_features", in_features)
        _check_positive("n_outputs", n_outputs)
        for name, value in (
            ("hidden_units", hidden_units),
            ("pointwise_channels", pointwise_channels),
        ):
            if value is not None:
                _check_positive(name, value)
        if not isinstance(dropout, Real) or not 0 <= dropout < 1:
            raise ValueError(f"dropout must lie in [0, 1), got {dropout!r}.")
        self.in_features = in_features
        self.n_outputs = n_outputs
        self.has_pointwise = pointwise_channels is not None
        self.pointwise_relu = pointwise_relu
        if flatten_size is not None:
            flatten_size = check_image_size(flatten_size, "flatten_size")
        self.flatten_size = flatten_size
        relu_before_pooling = self.has_pointwise and pointwise_relu
        self.needs_map = relu_before_pooling or flatten_size is not None
        width = in_features
        if self.has_pointwise:
            self.pointwise = nn.Conv2d(width, pointwise_channels, 1)
            width = pointwise_channels
        if flatten_size is not None:
            width *= math.prod(flatten_size)
        self.has_hidden = hidden_units is not None
        if self.has_hidden:
            self.hidden = nn.Linear(width, hidden_units)
            width = hidden_units
        self.dropout = SeededDropout(dropout)
        self.output = nn.Linear(width, n_outputs)

    def forward(self, features):
        """Compute the outputs.

        Parameters
        ----------
        features : Tensor of shape (b, in_features, h, w) or (b, in_features)
            Feature map, or averages over the feature map.

        Returns
        -------
        Tensor of shape (b, n_outputs)
            Outputs without softmax, in the precision of the parameters of the head.

        Raises
        ------
        ValueError
            If the features have another shape, or if they are pooled but the head needs
            a feature map.
        """
        self._check(features)
        with without_autocast(features):
            x = features
            if x.ndim == 4 and not self.needs_map:
                x = self.pool(x)
            return self._classify(self._convolve(x))

    def last_map(self, features):
        """Compute the map that is averaged or flattened.

        Parameters
        ----------
        features : Tensor of shape (b, in_features, h, w)
            Feature map.

        Returns
        -------
        Tensor of shape (b, c, h, w)
            Output of the pointwise convolution, in the precision of the parameters of
            the head. Without such a convolution, the feature map in this precision.
        """
        with without_autocast(features):
            return self._convolve(features)

    def classify_map(self, last_map):
        """Compute the outputs from the output of `last_map`.

        Parameters
        ----------
        last_map : Tensor of shape (b, c, h, w)
            Output of `last_map`.

        Returns
        -------
        Tensor of shape (b, n_outputs)
            Outputs without softmax.
        """
        with without_autocast(last_map):
            return self._classify(last_map)

    def pool(self, features):
        """Average a feature map in the precision of the parameters of the head.

        Parameters
        ----------
        features : Tensor of shape (b, c, h, w)
            Feature map.

        Returns
        -------
        Tensor of shape (b, c)
            Averages over height and width.
        """
        return features.mean((2, 3), dtype=self.output.weight.dtype)

    def _convolve(self, x):
        """Apply the pointwise convolution, if there is one."""
        x = x.to(self.output.weight.dtype)
        if self.has_pointwise:
            x = self.pointwise(x if x.ndim == 4 else x[:, :, None, None])
            if self.pointwise_relu:
                x = functional.relu(x)
        return x

    def _classify(self, x):
        """Average or flatten a map, and apply the fully connected layers."""
        if x.ndim == 4:
            x = x.mean((2, 3)) if self.flatten_size is None else x.flatten(1)
        if self.has_hidden:
            x = functional.relu(self.hidden(x))
        return self.output(self.dropout(x))

    def _check(self, features):
        allowed = (4,) if self.needs_map else (2, 4)
        size, c = self.flatten_size, self.in_features
        if (
            features.ndim not in allowed
            or features.shape[1] != c
            or (size is not None and tuple(features.shape[2:]) != size)
        ):
            h, w = size or ("h", "w")
            expected = f"(b, {c}, {h}, {w})"
            expected += "" if self.needs_map else f" or (b, {c})"
            raise ValueError(
                f"The head takes features of shape {expected}, got "
                f"{tuple(features.shape)}."
            )


def _check_positive(name, value):
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a positive int, got {value!r}.")
