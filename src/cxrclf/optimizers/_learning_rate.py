"""Learning-rate schedules."""

import math

SCHEDULES = ("constant", "cosine", "linear", "step")


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
