"""CycleGAN: its networks and its state."""

import pytest
import torch

from cxrclf.generation._cyclegan import CycleGAN


@pytest.fixture
def module():
    torch.manual_seed(0)
    return CycleGAN(
        1,
        (32, 32),
        width=4,
        n_blocks=1,
        skip=False,
        discriminator_width=4,
        pool_size=2,
    )


def test_a_direction_uses_its_generator_and_its_discriminator(module):
    a, b = torch.rand(2, 1, 1, 32, 32)
    losses, fake = module.generator_losses(1, b, a)
    torch.testing.assert_close(fake, module.generators[1](b))
    score = module.discriminators[1](fake)
    expected = [
        ((score - 1) ** 2).mean(),
        (module.generators[0](fake) - b).abs().mean(),
        (module.generators[1](a) - a).abs().mean(),
    ]
    torch.testing.assert_close(losses, torch.stack(expected))
    assert not fake.requires_grad


def test_the_discriminator_loss_is_half_of_both_errors(module):
    real, fake = torch.rand(2, 3, 1, 32, 32)
    good, bad = module.discriminators[0](real), module.discriminators[0](fake)
    expected = (((good - 1) ** 2).mean() + (bad**2).mean()) / 2
    torch.testing.assert_close(module.discriminator_loss(0, real, fake), expected)


def test_the_learned_state_has_the_pools(module):
    state = {name: value.clone() for name, value in module.learned_state().items()}
    assert state["pools.0.images"].shape == (2, 1, 32, 32)
    module.pools[0].images += 1
    module.load_learned_state(state)
    assert not module.pools[0].images.any()
