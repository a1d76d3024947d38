"""The tasks, their contenders, and the figures that are compared."""

from dataclasses import dataclass, field
from typing import NamedTuple

from harness.settings import FEW_VIEWS


@dataclass(frozen=True)
class Contender:
    """A module in ``contenders``, and its own settings."""

    module: str
    settings: dict = field(default_factory=dict)


class Figure(NamedTuple):
    """A figure of a contender."""

    contender: str
    name: str


class Ratio(NamedTuple):
    """Quotient of two figures of one round."""

    label: str
    over: Figure
    under: Figure


@dataclass(frozen=True)
class Task:
    """Title, contenders and ratios of a measurement."""

    title: str
    contenders: tuple
    ratios: tuple
    note: str = ""


_MOBILENET = {"backbone": "mobilenetv2_100", "weights": None}
_GPU = {"weights": None, "tuned_images": 4096, "tuned_batch": 128}
_RESNET = {**_GPU, "backbone": "resnet50"}
_DENSENET = {**_GPU, "backbone": "densenet121"}
_BRANCHES = "legacy_xception + resnetv2_50"
_CONCAT = {"backbone": _BRANCHES, "weights": None, "image_size": 300}
_GPU_CONCAT = {**_GPU, **_CONCAT, "tuned_images": 1024, "tuned_batch": 32}
_GPU_UNET = {**_GPU, "backbone": "resnet50", "tuned_images": 2048, "batch_size": 32}

CONTENDERS = {
    "cxrclf": Contender("with_cxrclf"),
    "cxrclf, 8 views": Contender("with_cxrclf", {"n_views": FEW_VIEWS}),
    "cxrclf, int8": Contender("with_cxrclf", {"precision": "int8"}),
    "skorch": Contender("with_skorch"),
    "torch": Contender("with_torch"),
    "fastai": Contender("with_fastai"),
    "bare loop": Contender("bare"),
    "limit": Contender("limit"),
    "cxrclf, MobileNetV2": Contender("with_cxrclf", _MOBILENET),
    "cxrclf, MobileNetV2, 8 views": Contender(
        "with_cxrclf", {**_MOBILENET, "n_views": FEW_VIEWS}
    ),
    "keras, MobileNetV2": Contender("with_keras", _MOBILENET),
    "cxrclf, ResNet-50": Contender("with_cxrclf", _RESNET),
    "bare loop, ResNet-50": Contender("bare", _RESNET),
    "cxrclf, DenseNet-121": Contender("with_cxrclf", _DENSENET),
    "bare loop, DenseNet-121": Contender("bare", _DENSENET),
    "cxrclf, Xception + ResNet50V2": Contender(
        "with_cxrclf", {**_CONCAT, "tuned_batch": 4}
    ),
    "cxrclf on a GPU, Xception + ResNet50V2": Contender("with_cxrclf", _GPU_CONCAT),
    "bare loop on a GPU, Xception + ResNet50V2": Contender("bare", _GPU_CONCAT),
    "cxrclf, ResNet-50 U-Net": Contender("with_cxrclf", _GPU_UNET),
    "bare loop, ResNet-50 U-Net": Contender("bare", _GPU_UNET),
}


_SPEEDS = {
    "overall_images_per_second": "speed over all epochs",
    "predictions_per_second": "speed of prediction",
}


def compared(ours, *others, figure):
    """Return the ratios of speed and memory between `ours` and each other contender."""
    what = _SPEEDS.get(figure, "speed")
    ratios = []
    for other in others:
        pair = Figure(other, figure), Figure(ours, figure)
        over, under = pair if figure.endswith("seconds") else pair[::-1]
        ratios.append(Ratio(f"{what}, {ours} / {other}", over, under))
    if what == "speed":
        ratios += [
            Ratio(
                f"memory, {ours} / {other}",
                Figure(ours, "private_mib"),
                Figure(other, "private_mib"),
            )
            for other in others
        ]
    return ratios


def share(ours, limit, *, figure, of_limit=None):
    """Return the ratio of the speed of `ours` to the speed of the limit.

    Parameters
    ----------
    ours, limit : str
        Contenders.
    figure : str
        Figure of `ours`.
    of_limit : str, default=None
        Figure of the limit. If None, the same.
    """
    what = {"predictions_per_second": " of prediction"}.get(figure, "")
    pair = Figure(ours, figure), Figure(limit, of_limit or figure)
    over, under = pair[::-1] if figure.endswith("seconds") else pair
    return Ratio(f"share of the limit{what}, {ours}", over, under)


_EXTRAPOLATED = (
    "All epochs of a peer have the same duration. So the study of a peer is "
    "extrapolated from one fold and a few epochs."
)

TASKS = {
    "frozen_study": Task(
        "Five folds with a frozen body, 35 epochs with augmentation",
        (
            "cxrclf",
            "cxrclf, 8 views",
            "cxrclf, int8",
            "limit",
            "skorch",
            "torch",
            "fastai",
            "cxrclf, MobileNetV2",
            "cxrclf, MobileNetV2, 8 views",
            "keras, MobileNetV2",
        ),
        (
            share("cxrclf", "limit", figure="seconds"),
            share(
                "cxrclf, 8 views",
                "limit",
                figure="seconds",
                of_limit="seconds_8_views",
            ),
            *compared("cxrclf, int8", "skorch", figure="seconds"),
            *compared("cxrclf", "skorch", "torch", "fastai", figure="seconds"),
            *compared("cxrclf, 8 views", "skorch", "torch", "fastai", figure="seconds"),
            *compared("cxrclf, MobileNetV2", "keras, MobileNetV2", figure="seconds"),
            *compared(
                "cxrclf, MobileNetV2, 8 views", "keras, MobileNetV2", figure="seconds"
            ),
        ),
        _EXTRAPOLATED,
    ),
    "grid": Task(
        "A grid of 12 points over five folds, after a study of one point",
        ("cxrclf", "cxrclf, 8 views", "skorch"),
        (
            *compared("cxrclf", "skorch", figure="seconds"),
            *compared("cxrclf, 8 views", "skorch", figure="seconds"),
            *(
                Ratio(
                    f"speed, {name}, with the study before it / skorch",
                    Figure("skorch", "seconds"),
                    Figure(name, "both_seconds"),
                )
                for name in ("cxrclf", "cxrclf, 8 views")
            ),
            *(
                Ratio(
                    f"time, {name}, grid / study before it",
                    Figure(name, "seconds"),
                    Figure(name, "study_seconds"),
                )
                for name in ("cxrclf", "cxrclf, 8 views")
            ),
        ),
        "The grid of skorch is 12 times its study of one point, which is extrapolated.",
    ),
    "fine_tune": Task(
        "The whole network trained from files, images per second after the first epoch",
        (
            "cxrclf",
            "skorch",
            "torch",
            "fastai",
            "bare loop",
            "cxrclf, MobileNetV2",
            "keras, MobileNetV2",
        ),
        tuple(
            ratio
            for figure in ("images_per_second", "overall_images_per_second")
            for ratio in (
                *compared("cxrclf", "skorch", "torch", "fastai", figure=figure),
                *compared("cxrclf, MobileNetV2", "keras, MobileNetV2", figure=figure),
            )
        )
        + tuple(compared("cxrclf", "bare loop", figure="images_per_second"))
        + (share("cxrclf", "bare loop", figure="images_per_second"),),
    ),
    "predict": Task(
        "Class probabilities of JPEG files of 1 to 2 megapixels",
        ("cxrclf", "limit", "skorch", "torch", "fastai"),
        (
            share(
                "cxrclf",
                "limit",
                figure="images_per_second",
                of_limit="forward_per_second",
            ),
            *compared(
                "cxrclf", "skorch", "torch", "fastai", figure="images_per_second"
            ),
        ),
    ),
    "segment": Task(
        "A U-Net trained from files, and masks of files that were not read before",
        ("cxrclf", "skorch", "torch", "bare loop", "limit"),
        tuple(
            ratio
            for figure in ("images_per_second", *_SPEEDS)
            for ratio in compared("cxrclf", "skorch", "torch", figure=figure)
        )
        + tuple(compared("cxrclf", "bare loop", figure="images_per_second"))
        + (
            share("cxrclf", "bare loop", figure="images_per_second"),
            share(
                "cxrclf",
                "limit",
                figure="predictions_per_second",
                of_limit="forward_per_second",
            ),
        ),
    ),
    "overhead": Task(
        "One decoded image, and `import cxrclf`",
        ("cxrclf",),
        (
            Ratio(
                "time, predict / bare call of the network",
                Figure("cxrclf", "predict_ms"),
                Figure("cxrclf", "bare_ms"),
            ),
        ),
    ),
    "concatenation": Task(
        "A forward pass of two networks side by side, 300 px",
        ("cxrclf, Xception + ResNet50V2",),
        (
            Ratio(
                "time, both side by side / the sum of both",
                Figure("cxrclf, Xception + ResNet50V2", "ms"),
                Figure("cxrclf, Xception + ResNet50V2", "branches_ms"),
            ),
        ),
    ),
}
GPU_TASKS = {
    "gpu_fine_tune": Task(
        "The whole network trained on a GPU, images per second after the first epoch",
        (
            "cxrclf, ResNet-50",
            "bare loop, ResNet-50",
            "cxrclf, DenseNet-121",
            "bare loop, DenseNet-121",
            "cxrclf on a GPU, Xception + ResNet50V2",
            "bare loop on a GPU, Xception + ResNet50V2",
        ),
        tuple(
            ratio
            for of, network in (
                ("", "ResNet-50"),
                ("", "DenseNet-121"),
                (" on a GPU", "Xception + ResNet50V2"),
            )
            for ratio in compared(
                f"cxrclf{of}, {network}",
                f"bare loop{of}, {network}",
                figure="images_per_second",
            )
        ),
    ),
    "gpu_segment": Task(
        "A U-Net trained on a GPU, images per second after the first epoch",
        ("cxrclf, ResNet-50 U-Net", "bare loop, ResNet-50 U-Net"),
        tuple(
            compared(
                "cxrclf, ResNet-50 U-Net",
                "bare loop, ResNet-50 U-Net",
                figure="images_per_second",
            )
        ),
    ),
}
