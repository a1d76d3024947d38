"""Learning-rate schedules against formulas written out."""

import numpy as np
import pytest
import torch

from cxrclf.optimizers import SCHEDULES, schedule_factor, set_learning_rate


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1, 1, 1, 1]),
        ("linear", [1, 0.75, 0.5, 0.25]),
        ("cosine", [1, (2 + 2**0.5) / 4, 0.5, (2 - 2**0.5) / 4]),
        ("step", [1, 1, 0.1, 0.01]),
        (lambda epoch, n: epoch / n, [0, 0.25, 0.5, 0.75]),
    ],
)
def test_schedules(schedule, expected):
    factors = [schedule_factor(schedule, epoch, 4) for epoch in range(4)]
    assert factors == pytest.approx(expected)


def test_a_factor_applies_to_the_initial_rates():
    parameters = [torch.nn.Parameter(torch.ones(1)) for _ in range(2)]
    optimizer = torch.optim.Adam(
        [
            {"params": [parameter], "lr": rate, "initial_lr": rate}
            for parameter, rate in zip(parameters, (1e-2, 1e-3), strict=True)
        ]
    )
    for factor in (0.5, 0.1):
        set_learning_rate(optimizer, factor)
    rates = {group["lr"] for group in optimizer.param_groups}
    assert rates == {1e-2 * 0.1, 1e-3 * 0.1}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_numpy_numbers_act_as_plain_ones(schedule):
    plain = [schedule_factor(schedule, epoch, 4) for epoch in range(4)]
    drawn = [schedule_factor(schedule, epoch, np.int64(4)) for epoch in range(4)]
    assert drawn == plain
    assert {type(factor) for factor in drawn} == {float}


def test_all_schedules_begin_with_the_whole_rate():
    assert {schedule_factor(name, 0, 7) for name in SCHEDULES} == {1.0}
