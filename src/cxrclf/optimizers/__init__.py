"""Optimizers and learning-rate schedules."""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.optimizers._learning_rate import (
    SCHEDULES,
    schedule_factor,
    set_learning_rate,
)
from cxrclf.optimizers._optimizer import Optimizer

__all__ = [
    "SCHEDULES",
    "Optimizer",
    "schedule_factor",
    "set_learning_rate",
]
