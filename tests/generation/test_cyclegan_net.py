"""CycleGANNet: optimizer steps against a plain CycleGAN in float64."""

import numpy as np
import pytest
import torch

from cxrclf._training.initial_weights import InitialWeights
from cxrclf._training.pixels import InputFormat
from cxrclf.generation._cyclegan import CycleGAN
from cxrclf.generation._cyclegan_net import CycleGANNet
from plain_cyclegan import PlainCycleGAN, copy_parameters

SIZE = 32, 24


def make_net(dtype=torch.float64, n_threads=2, pool_size=0, seed=0, **parameters):
    with InitialWeights(seed):
        module = CycleGAN(
            1,
            SIZE,
            width=4,
            n_blocks=2,
            skip=False,
            discriminator_width=4,
            pool_size=pool_size,
        )
    defaults = {
        "learning_rate": 2e-4,
        "cycle_weight": 10.0,
        "identity_weight": 5.0,
        "ema_decay": 0.0,
    }
    return CycleGANNet(
        module,
        InputFormat(SIZE, torch.device("cpu"), dtype),
        None,
        seed=seed,
        n_threads=n_threads,
        **{**defaults, **parameters},
    )


def pairs(n, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(n, 2, 1, 1, *SIZE, generator=generator, dtype=dtype)
    return [tuple(pair * 2 - 1) for pair in images]


def test_three_steps_equal_those_of_the_definition():
    own = make_net()
    plain = PlainCycleGAN(1, 4, 2, 4)
    for k in range(2):
        copy_parameters(own.module_.generators[k], plain.generators[k])
        copy_parameters(own.module_.discriminators[k], plain.discriminators[k])
    for number, (a, b) in enumerate(pairs(3)):
        expected = plain.step(a, b)
        np.testing.assert_allclose(own.step((a, b), number), expected, rtol=1e-9)
    for k in range(2):
        for mine, theirs in (
            (own.module_.generators[k], plain.generators[k]),
            (own.module_.discriminators[k], plain.discriminators[k]),
        ):
            for p, q in zip(mine.parameters(), theirs.parameters(), strict=True):
                # Biases before instance normalization have gradients of rounding
                # errors, which Adam scales up to steps of the learning rate.
                tolerance = 1e-8 if p.ndim > 1 else 7e-4
                torch.testing.assert_close(p, q, rtol=0, atol=tolerance)


@pytest.mark.parametrize("weights", [(0.0, 5.0), (10.0, 0.0)])
def test_the_weights_of_the_losses_count(weights):
    plain, changed = (
        make_net(),
        make_net(cycle_weight=weights[0], identity_weight=weights[1]),
    )
    images = pairs(1)[0]
    np.testing.assert_array_equal(plain.step(images, 0), changed.step(images, 0))
    assert not torch.equal(
        plain.module_.generators[0].output.weight,
        changed.module_.generators[0].output.weight,
    )


def test_the_number_of_threads_changes_no_bit():
    nets = [make_net(torch.float32, n) for n in (1, 2, 3)]
    for number, images in enumerate(pairs(2, torch.float32)):
        for net in nets:
            net.step(images, number)
    first, *others = [net.module_.state_dict() for net in nets]
    for other in others:
        assert all(torch.equal(first[name], other[name]) for name in first)


def test_the_discriminator_sees_images_of_the_pool():
    nets = [make_net(pool_size=size) for size in (0, 1)]
    losses = [
        [float(net.step(images, k)[3]) for k, images in enumerate(pairs(4))]
        for net in nets
    ]
    assert losses[0][0] == losses[1][0]  # the first image fills the pool
    assert losses[0] != losses[1]
