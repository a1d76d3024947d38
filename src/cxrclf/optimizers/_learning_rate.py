"""Learning-rate schedules."""

import math

SCHEDULES = ("constant", "cosine", "linear", "step")


def schedule_factor(schedule, epoch, max_epochs):
    """Return the factor that multiplies the learning rate in an epoch.

    Parameters
    ----------
    schedule : {"constant", "cosine", "linear", "step"} or callable
        Learning-rate schedule. ``"cosine"`` and ``"linear"`` decrease the factor from 1
        towards 0. ``"step"`` divides it by 10 after half of the epochs, and again after
        three quarters. A callable is called as ``schedule(epoch, max_epochs)`` and
        returns the factor.
    epoch : int
        Number of the epoch, from 0.
    max_epochs : int
        Number of epochs of the schedule. Later epochs have the factor of its end.

    Returns
    -------
    float
        Factor of the learning rate.
    """
    if callable(schedule):
        return float(schedule(epoch, max_epochs))
    progress = min(epoch / int(max_epochs), 1.0)
    return {
        "constant": 1.0,
        "cosine": 0.5 * (1 + math.cos(math.pi * progress)),
        "linear": 1 - progress,
        "step": 0.1 ** ((progress >= 0.5) + (progress >= 0.75)),
    }[schedule]


def set_learning_rate(optimizer, factor):
    """Set the learning rate of each parameter group to its initial value × factor.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Optimizer with ``initial_lr`` in each parameter group.
    factor : float
        Factor of the learning rate.
    """
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor
