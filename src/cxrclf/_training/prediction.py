"""Predict the outputs of a trained net for images, batch by batch."""

import contextlib

from cxrclf._torch.threads import limit_threads, usable_threads
from cxrclf._training.allocator import keep_memory
from cxrclf._training.data import TrainingData
from cxrclf._training.forward import forward_batches, progress_bar
from cxrclf._training.precision import inference_batch_size
from cxrclf._training.samples import PixelSamples

_BATCHES_PER_PART = 32  # files are decoded in parts, one part ahead


def predict_outputs(
    net,
    images,
    policy,
    *,
    reading,
    n_threads,
    verbose,
    compute=None,
    description="prediction",
):
    """Yield the outputs of a net for images, batch by batch.

    Parameters
    ----------
    net : TrainingNet
    images : ImageInput
    policy : PixelPolicy
        Policy that decides whether outputs are computed from pixels or from features.
    reading : dict
        Parameters of :meth:`cxrclf.images.ImageInput.stream`.
    n_threads : int
        Number of batches that are computed at the same time on a CPU.
    verbose : int
        Whether to show a progress bar.
    compute : callable, default=None
        Function that replaces the net. Its parameters are the inputs of the net for a
        batch, as a dict, and the rows of X in the batch. It returns a tensor with a row
        for each.
    description : str, default="prediction"
        Text of the progress bar.

    Yields
    ------
    ndarray of shape (b, ...) of float64
        Outputs for the next images.
    """
    net.module_.eval()
    device = net.input_format.device

    def predict(inputs, rows, n):
        return compute(inputs, rows) if compute else net.outputs(n, **inputs)

    size = inference_batch_size(device, net.input_format.image_size)
    # The number in the whole call: the last of several parts may also have one image.
    alone = len(images) == 1 and (compute is not None or net.graph is None)
    several = len(images) > size
    wrap = policy.prediction_samples(net, several)
    with (
        # The calling thread computes only a single image. Otherwise the threads of the
        # pool compute.
        limit_threads(usable_threads(n_threads) if alone else 1),
        keep_memory() if several else contextlib.nullcontext(),
        progress_bar(len(images), description, verbose) as bar,
    ):
        for rows, part in images.stream(n_rows=_BATCHES_PER_PART * size, **reading):
            paths = None if images.paths is None else images.paths[rows]
            if paths is not None and rows.start == 0:
                part.warn_of_range(1 / 16)
            data = TrainingData.of_prediction(part, paths)
            samples = wrap(PixelSamples(data, net.input_format))
            samples.begin_epoch(0)
            if isinstance(samples, PixelSamples) and compute is None:
                net.prepare_graph(images.n_channels)
            for values in forward_batches(
                lambda chosen, n, samples=samples, first=rows.start: predict(
                    samples.inputs(chosen), first + chosen, n
                ),
                len(samples),
                size,
                device=device,
                autocast_dtype=net.autocast_dtype,
                n_threads=n_threads,
                alone=alone,
            ):
                bar.update(len(values))
                yield values.double().numpy()
