import numpy as np
import pytest
import torch
from torch import nn

from cxrclf.nets import Head
from tolerances import assert_same_predictions


def array(tensor):
    return tensor.detach().numpy().astype(np.float64)


@pytest.fixture
def maps():
    return torch.rand(4, 6, 3, 5, generator=torch.Generator().manual_seed(0)) - 0.5


@pytest.mark.parametrize("hidden_units", [None, 7])
@pytest.mark.parametrize("pointwise_channels", [None, 3])
def test_the_outputs_are_those_of_numpy(maps, hidden_units, pointwise_channels):
    head = Head(
        6,
        2,
        hidden_units=hidden_units,
        dropout=0.5,
        pointwise_channels=pointwise_channels,
    ).eval()
    x = array(maps)
    if pointwise_channels is not None:
        kernel = array(head.pointwise.weight)[:, :, 0, 0]
        x = np.einsum("bchw,dc->bdhw", x, kernel)
        x = np.maximum(x + array(head.pointwise.bias)[:, None, None], 0)
    x = x.mean((2, 3))
    if hidden_units is not None:
        x = np.maximum(x @ array(head.hidden.weight).T + array(head.hidden.bias), 0)
    expected = x @ array(head.output.weight).T + array(head.output.bias)
    np.testing.assert_allclose(array(head(maps)), expected, atol=1e-6)


def test_pooled_features_give_the_same(maps):
    head = Head(6, 2, hidden_units=7)
    assert not head.needs_map
    assert_same_predictions(head(maps.mean((2, 3))), head(maps), "float32")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"hidden_units": 7},
        {"pointwise_channels": 3},
        {"pointwise_channels": 3, "pointwise_relu": False, "flatten_size": (3, 5)},
    ],
)
def test_a_head_is_its_last_map_and_the_layers_after_it(maps, options):
    head = Head(6, 2, **options).eval()
    last = head.last_map(maps)
    assert last.shape == (4, options.get("pointwise_channels", 6), 3, 5)
    assert_same_predictions(head.classify_map(last), head(maps), "float32")
    with torch.autocast("cpu", torch.bfloat16):
        assert head.last_map(maps.bfloat16()).dtype == torch.float32
        assert head.classify_map(last).dtype == torch.float32


def test_the_names_in_the_state_are_stable():
    head = Head(6, 2, hidden_units=7, pointwise_channels=3, dropout=0.5)
    assert list(head.state_dict()) == [
        "pointwise.weight",
        "pointwise.bias",
        "hidden.weight",
        "hidden.bias",
        "output.weight",
        "output.bias",
    ]


def test_dropout_is_before_the_output_and_in_training_only():
    head = Head(1000, 1, dropout=0.25)
    nn.init.ones_(head.output.weight)
    nn.init.zeros_(head.output.bias)
    features = torch.ones(1, 1000)
    assert head.eval()(features) == 1000
    with torch.random.fork_rng():
        torch.manual_seed(0)
        kept = head.train()(features).item() * 0.75
    assert kept == pytest.approx(750, abs=4 * np.sqrt(1000 * 0.25 * 0.75))
    assert kept != 750


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("pointwise_channels", [None, 3])
def test_autocast_does_not_reach_the_head(maps, dtype, pointwise_channels):
    head = Head(6, 2, hidden_units=7, pointwise_channels=pointwise_channels).to(dtype)
    coarse = maps.to(torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = head(coarse)
    assert outputs.dtype == dtype
    assert torch.equal(outputs, head(coarse.to(dtype)))


def test_a_map_of_bfloat16_is_averaged_in_float32():
    head = Head(1, 1)
    values = torch.tensor([1.0, 1.0, 1.0, 1.0078125]).reshape(1, 1, 2, 2)
    pooled = head.pool(values.to(torch.bfloat16))
    assert pooled.dtype == torch.float32
    assert pooled.item() == 1.001953125  # lies between two bfloat16 numbers


@pytest.mark.parametrize("shape", [(4, 6), (4, 5, 3, 3), (6,), (4, 6, 3)])
def test_a_head_that_needs_a_map_refuses_other_features(shape):
    head = Head(6, 2, pointwise_channels=3)
    assert head.needs_map
    with pytest.raises(
        ValueError, match=r"takes features of shape \(b, 6, h, w\), got"
    ):
        head(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3, 3), (4, 6, 3)])
def test_features_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"\(b, 6, h, w\) or \(b, 6\), got"):
        Head(6, 2)(torch.zeros(shape))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_outputs": 0}, "n_outputs must be a positive int"),
        ({"in_features": 2.0}, "in_features must be a positive int"),
        ({"hidden_units": 0}, "hidden_units must be a positive int"),
        ({"pointwise_channels": True}, "pointwise_channels must be a positive int"),
        ({"dropout": 1.0}, r"dropout must lie in \[0, 1\)"),
        ({"dropout": "half"}, r"dropout must lie in \[0, 1\)"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        Head(**{"in_features": 6, "n_outputs": 2, **options})
