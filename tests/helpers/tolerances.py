"""How far two computations of the same thing may lie apart."""

import numpy as np
import torch

# Relative to the largest value.
_ROUNDING = {
    "float64": 256 * 2.0**-52,
    "float32": 256 * 2.0**-23,
    "bfloat16": 8 * 2.0**-8,
}
_TRAINING = 2.0**14  # growth of a rounding error in a short training


def assert_same_predictions(actual, expected, precision, *, trained=False):
    """Assert that two results are equal but for rounding.

    Some results are equal to the last bit on every processor: those of the same
    training in one thread, and predictions of rows at the same positions of X, with any
    number of threads. Tests of them compare exactly and say why. Results that are
    computed in two ways (in parts or whole, in another layout, in batches of another
    size or at other positions of a batch) add the same terms in an order that the
    processor chooses, and are compared here.

    Parameters
    ----------
    actual, expected : array-like or Tensor of the same shape
        Probabilities, logits, losses or gradients.
    precision : {"float64", "float32", "bfloat16"}
        Precision in which the layers were computed. The sums of a layer have up to
        thousands of terms, and there are up to a hundred layers. Their rounding errors
        are random: they add up to some tens of units in the last place (ulp), of the
        largest value. 256 ulp are allowed in float32 and float64. In bfloat16, sums are
        float32 and only their results are rounded, once per layer: 8 ulp are allowed.
    trained : bool, default=False
        Whether a training of a few epochs lies between the two ways and the results.
        The training amplifies rounding errors, by a factor that depends on the data and
        the optimizer. Only in float64 are they then still far below every difference
        that a mistake makes: 1e-9 is allowed.
    """
    actual, expected = _as_array(actual), _as_array(expected)
    tolerance = _ROUNDING[precision]
    if trained:
        if precision != "float64":
            raise ValueError("Compare trainings in float64, or exactly in one thread.")
        tolerance *= _TRAINING
    assert actual.shape == expected.shape
    np.testing.assert_allclose(
        actual, expected, rtol=0, atol=tolerance * np.abs(expected).max()
    )


def _as_array(values):
    if isinstance(values, torch.Tensor):
        values = values.detach().double().numpy()
    return np.asarray(values, dtype=np.float64)
