"""Compare TotalVariationDenoiser with scikit-image in speed and accuracy.

Each round has two comparisons. The results are ratios within a round::

    python benchmarks/denoise.py --json figures.json
    python benchmarks/denoise.py --data folder --weight 0.015

``default`` compares the denoiser (adaptive weights, Poisson fidelity, a certified gap)
with the default of ``denoise_tv_chambolle``. The smoothing is comparable: scikit-image
has half the weight, which changes the pixels about as much. In ``accurate`` both
minimize the same energy, with a constant weight and Gaussian fidelity. scikit-image has
the largest `eps` per image that comes within `tol` of the least energy. Without
``--data`` the radiographs are synthetic.
"""

import argparse
import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from skimage.restoration import denoise_tv_chambolle
from sklearn.base import clone

from cxrclf._utils.files import replace_file
from cxrclf.images import ImageReader
from cxrclf.preprocessing import TotalVariationDenoiser
from harness.environment import environment
from harness.images import synthetic_files
from harness.settings import labeled_files

_EPS = [2e-4 / 2**i for i in range(24)]  # the first is the default of scikit-image
_MOST_ITERATIONS = 10_000


def parse_arguments(arguments):
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, help="folder with one sub-folder of images per class"
    )
    parser.add_argument("--images", type=int, default=24)
    parser.add_argument("--image-size", type=int, default=331, help="side in pixels")
    parser.add_argument("--weight", type=float, default=0.0075)
    parser.add_argument("--tol", type=float, default=1e-4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path, help="file for the raw figures")
    return parser.parse_args(arguments)


def read_images(options, folder):
    """Return radiographs as an (n, H, W) array of uint8."""
    data = options.data
    if data is None:
        data = folder
        synthetic_files(data, options.images, 2 * options.image_size)
    files, _ = labeled_files(data)
    chosen = np.linspace(0, len(files) - 1, options.images).astype(int)
    reader = ImageReader(image_size=options.image_size)
    images = reader.fit_transform([files[i] for i in chosen])
    return images.reshape(len(images), options.image_size, options.image_size)


def with_scikit_image(images, all_eps, **settings):
    """Return images denoised by scikit-image, each with its own eps."""
    pairs = zip(images, all_eps, strict=True)
    return np.stack([denoise_tv_chambolle(f, eps=eps, **settings) for f, eps in pairs])


def energies(denoised, images, weight):
    """Return the energy of each image, with Gaussian fidelity and constant weight."""
    u, f = denoised.astype(float), images / 255
    down = np.diff(u, axis=1, append=u[:, -1:])
    right = np.diff(u, axis=2, append=u[:, :, -1:])
    return (weight * np.hypot(down, right) + (u - f) ** 2 / 2).sum((1, 2))


def largest_eps(image, weight, least, tol):
    """Return the largest eps that comes within tol of the least energy."""
    for eps in _EPS:
        found = denoise_tv_chambolle(image, weight, eps, _MOST_ITERATIONS)
        if energies(found[None], image[None], weight)[0] <= least * (1 + tol):
            return eps
    raise SystemExit(f"scikit-image does not reach tol={tol} with eps={_EPS[-1]}.")


def make_contenders(options, images):
    """Return two functions per comparison, and figures about their accuracy."""
    half = options.weight / 2
    default = TotalVariationDenoiser(
        options.weight, tol=options.tol, device=options.device
    )
    rof = TotalVariationDenoiser(
        half,
        min_weight=0,
        contrast=0,
        fidelity="gaussian",
        tol=options.tol,
        device=options.device,
    )
    exactly = clone(rof).set_params(tol=options.tol / 100, max_iter=_MOST_ITERATIONS)
    least = energies(exactly.transform(images / 255.0), images, half)
    eps = [
        largest_eps(image, half, energy, options.tol)
        for image, energy in zip(images, least, strict=True)
    ]
    same = [_EPS[0]] * len(images)
    chambolle = partial(with_scikit_image, images, same, weight=half)
    excess = energies(chambolle(), images, half) / least - 1
    floats = images.astype(np.float32) / 255
    contenders = {
        "default": (partial(default.transform, images), chambolle),
        "accurate": (
            partial(rof.transform, floats),
            partial(
                with_scikit_image,
                images,
                eps,
                weight=half,
                max_num_iter=_MOST_ITERATIONS,
            ),
        ),
    }
    known = {
        "eps for the same accuracy, median": float(np.median(eps)),
        "excess energy of scikit-image's default, median": float(np.median(excess)),
        "excess energy of scikit-image's default, largest": float(np.max(excess)),
        "mean change, cxrclf (gray levels)": _change(
            contenders["default"][0](), images
        ),
        "mean change, scikit-image (gray levels)": _change(255 * chambolle(), images),
    }
    return contenders, known


def _change(denoised, images):
    return float(np.abs(denoised - images.astype(float)).mean())


def seconds_of(function):
    """Return wall-clock and processor seconds of a call."""
    wall, processor = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - wall, time.process_time() - processor


def measure(contenders, n_images, n_rounds):
    """Return one dict per comparison and round."""
    rows = []
    for number in range(n_rounds):
        print(f"round {number + 1} of {n_rounds} ...", file=sys.stderr, flush=True)
        for name, pair in contenders.items():
            (ours, own), (theirs, other) = map(seconds_of, pair)
            row = {"round": number + 1, "comparison": name}
            row |= {"cxrclf_per_s": n_images / ours, "skimage_per_s": n_images / theirs}
            rows.append({**row, "ratio": theirs / ours, "processor_ratio": other / own})
    return rows


def main(arguments=None):
    """Measure, and print a table."""
    options = parse_arguments(arguments)
    with tempfile.TemporaryDirectory(prefix="benchmark-data-") as folder:
        images = read_images(options, Path(folder))
    contenders, known = make_contenders(options, images)
    rows = measure(contenders, len(images), options.rounds)
    columns = ["cxrclf_per_s", "skimage_per_s", "ratio", "processor_ratio"]
    print(f"{'medians':<10}", *(f"{name:>16}" for name in columns))
    for name in contenders:
        values = [[r[c] for c in columns] for r in rows if r["comparison"] == name]
        print(f"{name:<10}", *(f"{value:16.3g}" for value in np.median(values, axis=0)))
    described = environment(options.device)
    for name, value in {**known, **described}.items():
        print(f"{name}: {value}")
    if options.json is not None:
        content = {"environment": described, "known": known, "rows": rows}
        with replace_file(options.json) as temporary:
            temporary.write_text(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
