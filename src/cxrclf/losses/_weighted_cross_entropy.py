"""Cross-entropy with a weight per sample."""

import torch
from torch.nn.functional import cross_entropy


class WeightedCrossEntropy(torch.nn.Module):
    """Softmax cross-entropy with a weight a sample, averaged over the batch.

    The weighted losses are divided by the number of samples, as Keras does, and not
    by the sum of their weights, as torch's ``CrossEntropyLoss(weight=)`` does: a
    batch of rare samples counts for more.
    """

    def forward(self, logits, target):
        """Return the mean loss.

        Parameters
        ----------
        logits : Tensor of shape (b, n_classes)
        target : (Tensor of shape (b,) of int64, Tensor of shape (b,))
            Class codes and sample weights.
        """
        codes, weights = target
        losses = cross_entropy(logits, codes, reduction="none")
        return (losses * weights).mean()
