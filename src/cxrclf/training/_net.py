"""The skorch net that every estimator composes."""

from functools import partial

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback

from cxrclf.training._batches import Batches
from cxrclf.training._loss import WeightedCrossEntropy


class AutocastNet(NeuralNet):
    """A skorch net whose module computes in a given precision.

    Parameters
    ----------
    autocast_dtype : torch.dtype or None
        Type in which convolutions compute; None for that of the parameters.
    """

    def __init__(self, module, *, autocast_dtype=None, **kwargs):
        super().__init__(module, **kwargs)
        self.autocast_dtype = autocast_dtype

    def infer(self, x, **fit_params):
        """Run the module on one batch."""
        with autocast(self.device, self.autocast_dtype):
            return super().infer(x, **fit_params)


class EpochAccuracy(Callback):
    """Record training and validation accuracy of each epoch.

    The hits are counted on the device and fetched once an epoch.
    """

    def on_epoch_begin(self, net, **kwargs):
        """Start counting."""
        self.hits_ = {True: 0, False: 0}
        self.seen_ = {True: 0, False: 0}

    def on_batch_end(self, net, batch, training, y_pred, **kwargs):
        """Count the hits of a batch."""
        codes = batch[1][0]
        self.hits_[training] += (y_pred.detach().argmax(1) == codes).sum()
        self.seen_[training] += len(codes)

    def on_epoch_end(self, net, **kwargs):
        """Write the rates to the history."""
        for training, prefix in ((True, "train"), (False, "valid")):
            if self.seen_[training]:
                rate = float(self.hits_[training]) / self.seen_[training]
                net.history.record(f"{prefix}_accuracy", rate)


def autocast(device, dtype):
    """Return a context in which the device computes in `dtype`, if one is given."""
    return torch.autocast(
        torch.device(device).type, dtype=dtype, enabled=dtype is not None
    )


def make_net(module, make_optimizer, *, device, dtype, autocast_dtype, batch_size):
    """Build an initialised skorch net around a module.

    Parameters
    ----------
    module : ImageClassifier
        On its device already.
    make_optimizer : callable
        Takes the module, returns the optimiser.
    device, dtype, autocast_dtype
        What ``resolve_device`` and ``resolve_precision`` return.
    batch_size : int
        Of the training.

    Returns
    -------
    AutocastNet
    """
    batches = partial(Batches, device=device, dtype=dtype)
    return AutocastNet(
        module,
        criterion=WeightedCrossEntropy,
        optimizer=lambda params, lr: make_optimizer(module),
        iterator_train=partial(batches, shuffle=True),
        iterator_valid=partial(batches, shuffle=False),
        train_split=None,
        batch_size=batch_size,
        callbacks=[EpochAccuracy()],
        callbacks__print_log=None,
        device=device,
        autocast_dtype=autocast_dtype,
        verbose=0,
    ).initialize()
