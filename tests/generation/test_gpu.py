"""A CycleGAN on a GPU."""

import pickle

import numpy as np
import pytest


def test_a_generator_trains_on_a_gpu_and_translates_anywhere(make, radiographs, cuda):
    X, y = radiographs.images, radiographs.target
    generator = make(device="cuda", max_epochs=2).fit(X, y, ["covid"])
    translator = generator.translators_["covid"]
    assert translator.input_format.device.type == "cuda"
    made = generator.translate(X[:4])
    on_cpu = make(device="cpu", max_epochs=2).fit(X, y, ["covid"])
    # Both devices draw the same weights, order and pools, and round differently.
    np.testing.assert_allclose(
        made, on_cpu.translate(X[:4]), atol=1 if cuda.pretended else 12
    )
    assert generator.history_["cycle_loss"] == pytest.approx(
        on_cpu.history_["cycle_loss"], rel=0.02
    )
    restored = pickle.loads(pickle.dumps(generator))
    np.testing.assert_allclose(restored.translate(X[:4]), made, atol=1)
