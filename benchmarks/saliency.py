"""Compare the time of saliency maps with a prediction, captum and pytorch-grad-cam.

Each round has one call of each contender on the same images and the same network, in
float32. The results are ratios within a round to the prediction of the same images::

    python benchmarks/saliency.py --json figures.json
    python benchmarks/saliency.py --backbone resnet50 --images 32

Methods that predict many changed images per image get ``--few`` images. Their ratio is
divided by the number of changed images as well ("per changed image"): 1 means that the
explanation takes the time of its predictions. The network is trained as a whole,
because pytorch-grad-cam and captum need gradients in the whole network.
"""

import argparse
import json
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from captum.attr import LayerGradCam
from captum.attr import Occlusion as CaptumOcclusion
from pytorch_grad_cam import GradCAM, GradCAMPlusPlus
from pytorch_grad_cam import ScoreCAM as PytorchScoreCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch.nn.functional import interpolate

from cxrclf import CXRClassifier
from cxrclf._utils.files import replace_file
from cxrclf.datasets import make_chest_radiographs
from cxrclf.inspection import Lime, Occlusion, ScoreCAM, saliency_maps
from harness.environment import environment

_BATCH = 16  # images per batch of the other libraries


def parse_arguments(arguments):
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backbone", default="tf_efficientnet_lite0")
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--few", type=int, default=1)
    parser.add_argument("--image-size", type=int, default=224, help="side in pixels")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path, help="file for the raw figures")
    return parser.parse_args(arguments)


def in_batches(function, pixels):
    """Apply a function to batches of pixels."""
    return [function(part) for part in pixels.split(_BATCH)]


def with_pytorch_grad_cam(method, module, pixels, device):
    """Compute maps of class 0 with pytorch-grad-cam."""
    with method(model=module, target_layers=[module.backbone]) as cam:
        cam.batch_size = _BATCH
        return in_batches(
            lambda part: cam(part, [ClassifierOutputTarget(0)] * len(part)),
            pixels.to(device),
        )


def with_captum(module, pixels, device):
    """Compute Grad-CAM of class 0 with captum, at the size of the images."""
    method = LayerGradCam(module, module.backbone)

    def explain(part):
        maps = method.attribute(part, target=0, relu_attributions=True)
        return interpolate(maps, part.shape[2:], mode="bilinear").detach().cpu()

    return in_batches(explain, pixels.to(device))


def with_captum_occlusion(module, image, side, step, device):
    """Compute an occlusion map of class 0 with captum."""
    return CaptumOcclusion(lambda x: module(x).softmax(1)).attribute(
        image.to(device),
        sliding_window_shapes=(1, side, side),
        strides=(1, step, step),
        target=0,
        perturbations_per_eval=_BATCH,
    )


def make_contenders(options):
    """Return (function, number of images, changed images per image) by name."""
    size = options.image_size
    images = make_chest_radiographs(
        max(options.images, 6), image_size=size, random_state=0
    )
    classifier = CXRClassifier(
        options.backbone,
        weights=None,
        trainable="all",
        max_epochs=1,
        precision="float32",
        device=options.device,
        random_state=0,
    ).fit(images.images[:6], images.target[:6])
    X = images.images[: options.images]
    few = X[: options.few]
    module = classifier.net_.module_.eval()
    pixels = torch.from_numpy(X / np.float32(255))[:, None]
    maps = partial(saliency_maps, classifier)
    target = classifier.classes_[0]
    lime, occlusion = Lime(), Occlusion()
    side, step = round(occlusion.window * size), round(occlusion.stride * size)
    n_windows = (1 + -(-(size - side) // step)) ** 2
    n_channels = module.backbone.num_features
    other = partial(with_pytorch_grad_cam, module=module, device=options.device)
    return {
        "prediction": (partial(classifier.predict_proba, X), len(X), 1),
        "gradcam": (partial(maps, X, target), len(X), 1),
        "gradcam, all classes": (partial(maps, X, "all"), len(X), 1),
        "gradcam++": (partial(maps, X, target, method="gradcam++"), len(X), 1),
        "cam": (partial(maps, X, target, method="cam"), len(X), 1),
        "gradcam, captum": (
            partial(with_captum, module, pixels, options.device),
            len(X),
            1,
        ),
        "gradcam, pytorch-grad-cam": (
            partial(other, GradCAM, pixels=pixels),
            len(X),
            1,
        ),
        "gradcam++, pytorch-grad-cam": (
            partial(other, GradCAMPlusPlus, pixels=pixels),
            len(X),
            1,
        ),
        "scorecam": (partial(maps, few, method=ScoreCAM()), len(few), n_channels),
        "scorecam, pytorch-grad-cam": (
            partial(other, PytorchScoreCAM, pixels=pixels[: len(few)]),
            len(few),
            n_channels,
        ),
        "occlusion": (partial(maps, few, method=occlusion), len(few), n_windows),
        "occlusion, captum": (
            lambda: [
                with_captum_occlusion(module, image[None], side, step, options.device)
                for image in pixels[: len(few)]
            ],
            len(few),
            n_windows,
        ),
        "lime": (partial(maps, few, method=lime), len(few), lime.n_perturbations),
    }


def measure(contenders, n_rounds):
    """Return one dict per contender and round."""
    rows = []
    for number in range(n_rounds):
        print(f"round {number + 1} of {n_rounds} ...", file=sys.stderr, flush=True)
        for name, (function, n_images, n_changed) in contenders.items():
            start = time.perf_counter()
            function()
            seconds = (time.perf_counter() - start) / n_images
            if name == "prediction":
                prediction = seconds
            ratio = seconds / prediction
            row = {"round": number + 1, "contender": name, "ratio": ratio}
            rows.append({**row, "ratio_per_changed_image": ratio / n_changed})
    return rows


def main(arguments=None):
    """Measure, and print a table."""
    options = parse_arguments(arguments)
    contenders = make_contenders(options)
    rows = measure(contenders, options.rounds)
    columns = ["ratio", "ratio_per_changed_image"]
    print(f"{'medians':<28}", *(f"{name:>24}" for name in columns))
    for name in contenders:
        values = [[r[c] for c in columns] for r in rows if r["contender"] == name]
        print(f"{name:<28}", *(f"{value:24.3g}" for value in np.median(values, axis=0)))
    described = environment(options.device)
    for name, value in described.items():
        print(f"{name}: {value}")
    if options.json is not None:
        content = {"environment": described, "rows": rows}
        with replace_file(options.json) as temporary:
            temporary.write_text(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
