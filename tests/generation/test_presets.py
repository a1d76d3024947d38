"""Presets: the parameters of the paper, and those of a CPU."""

import pytest

from cxrclf.generation import CycleGANGenerator


def test_the_paper_has_its_published_parameters():
    published = {
        "image_size": 256,
        "width": 64,
        "n_blocks": 9,
        "skip": False,
        "discriminator_width": 64,
        "cycle_weight": 10.0,
        "identity_weight": 5.0,
        "pool_size": 50,
        "learning_rate": 2e-4,
        "ema_decay": 0.0,
        "max_epochs": 200,
        "batch_size": 1,
    }
    params = CycleGANGenerator.preset("paper").get_params()
    assert {name: params[name] for name in published} == published


def test_the_defaults_are_those_of_a_cpu():
    default = CycleGANGenerator(image_size=96).get_params()
    assert CycleGANGenerator.preset("cpu").get_params() == default


def test_parameters_replace_those_of_the_preset():
    generator = CycleGANGenerator.preset("paper", max_epochs=3)
    assert (generator.width, generator.max_epochs) == (64, 3)
    assert CycleGANGenerator.preset("paper", max_iter=5).max_epochs is None
    with pytest.raises(ValueError, match=r"\['cpu', 'paper'\]"):
        CycleGANGenerator.preset("gpu")
