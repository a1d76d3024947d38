"""The skorch net that every estimator composes."""

from functools import partial

import torch
from skorch import NeuralNet

from cxrclf._training.batches import Batches


class AutocastNet(NeuralNet):
    """A skorch net whose module computes in a given precision.

    Parameters
    ----------
    score : (str, callable)
        What an epoch is judged by besides the loss: its name, and a function of the
        outputs and the truth of a batch to the sum over its samples.
    autocast_dtype : torch.dtype or None
        Type in which convolutions compute; None for that of the parameters.
    """

    def __init__(self, module, *, score, autocast_dtype=None, **kwargs):
        super().__init__(module, **kwargs)
        self.score = score
        self.autocast_dtype = autocast_dtype

    def infer(self, x, **fit_params):
        """Run the module on one batch."""
        with autocast(self.device, self.autocast_dtype):
            return super().infer(x, **fit_params)

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Run an epoch; loss and score are fetched from the device at its end."""
        if iterator is None:
            return
        name, score = self.score
        loss, total, n = 0.0, 0, 0
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            self.notify("on_batch_end", batch=batch, training=training, **step)
            truth = batch[1][0]
            loss += step["loss"].detach().double() * len(truth)
            total += score(step["y_pred"].detach(), truth)
            n += len(truth)
        self.history.record(f"{prefix}_loss", float(loss) / n)
        self.history.record(f"{prefix}_{name}", float(total) / n)


def autocast(device, dtype):
    """Return a context in which the device computes in `dtype`, if one is given."""
    return torch.autocast(
        torch.device(device).type, dtype=dtype, enabled=dtype is not None
    )


def count_right(logits, codes):
    """Return how many samples have the class with the largest logit."""
    return (logits.argmax(1) == codes).sum()


def make_net(
    module,
    make_optimizer,
    *,
    device,
    dtype,
    autocast_dtype,
    batch_size,
    criterion,
    score,
):
    """Build an initialised skorch net around a module.

    Parameters
    ----------
    module : Network
        On its device already.
    make_optimizer : callable
        Takes the module, returns the optimiser.
    device, dtype, autocast_dtype
        What ``resolve_device`` and ``resolve_precision`` return.
    batch_size : int
        Of the training.
    criterion : type
        The module of the loss.
    score : (str, callable)
        See :class:`AutocastNet`.

    Returns
    -------
    AutocastNet
    """
    batches = partial(Batches, device=device, dtype=dtype)
    return AutocastNet(
        module,
        criterion=criterion,
        score=score,
        optimizer=lambda params, lr: make_optimizer(module),
        iterator_train=partial(batches, shuffle=True),
        iterator_valid=partial(batches, shuffle=False),
        train_split=None,
        batch_size=batch_size,
        callbacks__print_log=None,
        callbacks__train_loss=None,
        callbacks__valid_loss=None,
        device=device,
        autocast_dtype=autocast_dtype,
        verbose=0,
    ).initialize()
