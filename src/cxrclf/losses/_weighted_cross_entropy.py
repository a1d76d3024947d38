"""Cross-entropy with a weight per sample."""

import torch
from torch.nn.functional import cross_entropy


class WeightedCrossEntropy(torch.nn.Module):
    """Softmax cross-entropy with a weight per sample, averaged over the batch.

    The sum of the weighted losses is divided by the number of samples, as in Keras.
    A batch of samples with large weights therefore has a large loss. torch's
    ``CrossEntropyLoss(weight=)`` divides by the sum of the weights instead.
    """

    def forward(self, logits, target):
        """Return the mean loss.

        Parameters
        ----------
        logits : Tensor of shape (b, n_classes)
            Logits.
        target : (Tensor of shape (b,) of int64, Tensor of shape (b,))
            Class numbers and sample weights.

        Returns
        -------
        Tensor
            Scalar loss.
        """
        codes, weights = target
        losses = cross_entropy(logits, codes, reduction="none")
        return (losses * weights).mean()
