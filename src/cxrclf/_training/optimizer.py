"""Optimisers, their parameter groups, and learning-rate schedules."""

import math

import torch

OPTIMIZERS = ("adam", "adamw", "nadam", "sgd")
SCHEDULES = ("constant", "cosine", "linear", "step")


def make_optimizer(
    name,
    module,
    *,
    learning_rate,
    body_learning_rate,
    weight_decay,
    momentum,
    decay_bias_and_norm,
):
    """Build an optimiser over the trainable parameters of an image classifier.

    Parameters
    ----------
    name : {"adam", "adamw", "nadam", "sgd"}
        Nadam is that of Keras 2 (Dozat's momentum schedule, epsilon 1e-7).
    module : ClassificationNetwork
        Its ``set_trainable`` has been called; frozen parameters are left out.
    learning_rate, body_learning_rate : float
        Of the head and of the body.
    weight_decay : float
        Factor on the weights that is added to the gradient (decoupled for AdamW).
    momentum : float
        Of SGD; the others have their own moments.
    decay_bias_and_norm : bool
        Whether biases and normalisation parameters (all of one dimension) decay too.

    Returns
    -------
    torch.optim.Optimizer
        Each group keeps its learning rate as ``initial_lr``.
    """
    # Plain floats: a NumPy scalar, as grids draw them, cannot be loaded from the
    # resume file, whose reader makes nothing but plain types and tensors.
    weight_decay, momentum = float(weight_decay), float(momentum)
    groups = []
    for parameters, rate in (
        (module.body_parameters(), float(body_learning_rate)),
        (module.head_parameters(), float(learning_rate)),
    ):
        trainable = [p for p in parameters if p.requires_grad]
        for exempt in (False, True):
            chosen = [p for p in trainable if (p.ndim < 2) == exempt]
            decay = weight_decay if decay_bias_and_norm or not exempt else 0.0
            if chosen:
                group = {"params": chosen, "lr": rate, "weight_decay": decay}
                groups.append({**group, "initial_lr": rate})
    if name == "sgd":
        return torch.optim.SGD(groups, momentum=momentum, fused=True)
    if name == "nadam":
        nadam = torch.optim.NAdam(groups, eps=1e-7, momentum_decay=0.004)
        nadam.register_load_state_dict_post_hook(_keep_products_on_cpu)
        return nadam
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    return kind(groups, fused=True)


def _keep_products_on_cpu(nadam):
    """Move what NAdam reads as a number in each step back to the CPU.

    torch loads it to the device of the parameters, where every step would wait for it.
    """
    for state in nadam.state.values():
        state["mu_product"] = state["mu_product"].cpu()


def schedule_factor(schedule, epoch, max_epochs):
    """Return the factor on the learning rate in an epoch.

    Parameters
    ----------
    schedule : {"constant", "cosine", "linear", "step"} or callable
        ``"cosine"`` and ``"linear"`` fall from 1 towards 0, ``"step"`` divides by 10
        after a half and after three quarters of the epochs. A callable takes
        (epoch, max_epochs) and returns the factor.
    epoch : int
        From 0.
    max_epochs : int
        Length of the schedule.
    """
    if callable(schedule):
        return float(schedule(epoch, max_epochs))
    done = min(epoch / int(max_epochs), 1.0)
    return {
        "constant": 1.0,
        "cosine": 0.5 * (1 + math.cos(math.pi * done)),
        "linear": 1 - done,
        "step": 0.1 ** ((done >= 0.5) + (done >= 0.75)),
    }[schedule]


def set_learning_rate(optimizer, factor):
    """Set each group's learning rate to its initial one times a factor."""
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor
