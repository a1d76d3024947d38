"""Outputs of a net, batch by batch and file by file."""

import numpy as np
import pytest
import torch

from cxrclf._training.feature_policy import PixelPolicy
from cxrclf._training.precision import inference_batch_size
from cxrclf._training.prediction import predict_outputs
from cxrclf.exceptions import ImageReadError
from cxrclf.images import ImageInput
from tolerances import assert_same_predictions


@pytest.fixture
def net(radiographs, small_classifier):
    clf = small_classifier(max_epochs=1)
    return clf.fit(radiographs.images, radiographs.target).net_


def outputs_of(net, X, n_threads=1, **options):
    images = ImageInput.from_X(X)
    return list(
        predict_outputs(
            net,
            images,
            PixelPolicy(),
            reading={"image_size": (32, 32)},
            n_threads=n_threads,
            verbose=0,
            **options,
        )
    )


def test_outputs_come_in_batches_and_in_order(net, radiographs):
    size = inference_batch_size(net.input_format.device, (32, 32))
    batches = outputs_of(net, radiographs.images)
    assert [len(batch) for batch in batches] == [size, 30 - size]
    assert all(batch.dtype == np.float64 for batch in batches)
    whole = np.concatenate(batches)
    plain = net.forward(radiographs.images).numpy()
    assert_same_predictions(whole, plain, "float32")  # in batches of another size
    # Exact: each batch is computed by one thread, and has the same rows.
    again = np.concatenate(outputs_of(net, radiographs.images, n_threads=2))
    np.testing.assert_array_equal(again, whole)


def test_files_are_read_at_the_size_of_the_net(net, radiograph_files):
    X = radiograph_files.data
    outputs = np.concatenate(outputs_of(net, X))
    read = ImageInput.from_X(X).open((32, 32)).gather(np.arange(len(X)))
    np.testing.assert_array_equal(outputs, np.concatenate(outputs_of(net, read)))


def test_missing_files_are_named_before_anything_is_computed(net, radiograph_files):
    X = [*radiograph_files.data[:3, 0], "missing1.png", "missing2.png"]
    with pytest.raises(ImageReadError) as caught:
        outputs_of(net, X)
    assert set(caught.value.failures) == {"missing1.png", "missing2.png"}


def test_another_function_gets_the_inputs_and_the_rows(net, radiographs):
    size = inference_batch_size(net.input_format.device, (32, 32))
    X = np.concatenate([radiographs.images] * (1 + 17 * size // 30))  # several parts

    def compute(inputs, rows):
        means = inputs["images"].mean((1, 2, 3)).double()
        return torch.stack([means, torch.from_numpy(rows).double()], 1)

    found = np.concatenate(outputs_of(net, X, compute=compute))
    # Resizing from 48 to 32 pixels changes a mean a little.
    np.testing.assert_allclose(found[:, 0], X.mean((1, 2)) / 255, atol=5e-3)
    np.testing.assert_array_equal(found[:, 1], np.arange(len(X)))
