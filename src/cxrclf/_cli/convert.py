"""The command ``cxrclf convert``."""

import os
from pathlib import Path

from cxrclf._cli.command import (
    add_command,
    add_output_options,
    image_size,
    positive,
    speaks,
)
from cxrclf._cli.image_files import (
    FILES_HELP,
    check_outputs,
    find_image_files,
    name_outputs,
)
from cxrclf._cli.output import print_failures, print_json, print_text

_DESCRIPTION = """\
Convert radiographs to gray PNG files, with the pixels that the classifiers get.

DICOM files are converted as a viewer shows them: rescale, then the first VOI LUT or
window, then the inversion of MONOCHROME1. Files of more than 8 bits become PNG files of
16 bits. Colors become gray. Images are turned upright.

A PNG file has the name of its image. Subfolders of a folder in FILES are kept: with
FILES scans, the image scans/june/a.dcm becomes OUT/june/a.png. Images with the same
name keep their extension or get a number.

A PNG file has pixels only, and no header of the patient. But letters that are burned
into the pixels remain, and the names of files and folders remain. Check both before you
pass images on.
"""
_EXAMPLES = """\
  cxrclf convert scans --out png
  cxrclf convert "scans/**/*.dcm" --out png --size 512 --keep-aspect-ratio --bits 8
  cxrclf convert scans --out png --jobs 4 --json > report.json
"""


def add_parser(commands):
    """Add the command to the parser.

    Parameters
    ----------
    commands : argparse subparsers
    """
    parser = add_command(
        commands,
        "convert",
        run,
        summary="convert DICOM and other images to PNG, as the classifiers read them",
        description=_DESCRIPTION,
        failure="if some files could not be read",
        examples=_EXAMPLES,
    )
    add = parser.add_argument
    add("files", metavar="FILES", nargs="+", help=FILES_HELP)
    add("--out", metavar="OUT", required=True, help="folder for the PNG files")
    add(
        "--size",
        type=image_size,
        metavar="SIZE",
        help="pixels of the PNG files, such as 512 or 512x416 (default: as the image)",
    )
    add(
        "--keep-aspect-ratio",
        action="store_true",
        help="pad images to --size with black, instead of stretching them",
    )
    add(
        "--bits",
        type=int,
        choices=(8, 16),
        help="bits per pixel (default: 16 for files of more than 8 bits, and else 8)",
    )
    add(
        "--jobs",
        type=positive,
        default=1,
        metavar="N",
        help="number of files that are converted at the same time "
        "(default: %(default)s)",
    )
    add_output_options(parser)


def run(options):
    """Convert images.

    Parameters
    ----------
    options : argparse.Namespace

    Returns
    -------
    int
        Exit status.
    """
    if options.keep_aspect_ratio and options.size is None:
        raise ValueError("--keep-aspect-ratio needs --size, the size with padding.")
    files = find_image_files(options.files)
    outputs = [Path(options.out, name) for name in name_outputs(files, ".png")]
    check_outputs(files, outputs, options.out, options.overwrite)
    # The imports take a second, which --help does not need.
    from joblib import Parallel, delayed
    from tqdm import tqdm

    from cxrclf.exceptions import ImageReadError

    # Threads suffice: decoders and encoders run without the lock of Python.
    coming = Parallel(options.jobs, prefer="threads", return_as="generator")(
        delayed(_convert)(file.path, output, options)
        for file, output in zip(files, outputs, strict=True)
    )
    bar = tqdm(
        coming,
        total=len(files),
        desc="converting",
        unit="image",
        disable=options.quiet,
    )
    results = list(bar)
    converted = [result for result in results if "failure" not in result]
    failures = {
        result["path"]: result["failure"] for result in results if "failure" in result
    }
    if not converted:
        raise ImageReadError(failures)
    print_failures(failures, len(files))
    if options.json:
        print_json({"converted": converted, "failures": failures})
    elif speaks(options):
        lines = [
            f"{row['path']} -> {row['output']} ({row['height']} x {row['width']}, "
            f"{row['bits']} bits)"
            for row in converted
        ]
        print_text("\n".join([*lines, f"Converted: {len(converted)} of {len(files)}"]))
    return int(bool(failures))


def _convert(path, output, options):
    """Convert a file, and return what became of it."""
    from PIL import Image

    from cxrclf._utils.files import replace_file
    from cxrclf.exceptions import ImageReadError
    from cxrclf.images import read_image

    try:
        pixels = read_image(
            path, options.size, keep_aspect_ratio=options.keep_aspect_ratio
        )
    except ImageReadError as error:
        return {"path": path, "failure": next(iter(error.failures.values()))}
    pixels = _change_bits(pixels, options.bits)
    with replace_file(output, sweep=False) as temporary:
        Image.fromarray(pixels).save(temporary, format="png")
    height, width = pixels.shape
    bits = 8 * pixels.dtype.itemsize
    return {
        "path": path,
        "output": os.fspath(output),
        "height": height,
        "width": width,
        "bits": bits,
    }


def _change_bits(pixels, bits):
    """Scale pixels to 8 or 16 bits, from the full range to the full range."""
    import numpy as np

    own = 8 * pixels.dtype.itemsize
    if bits is None or bits == own:
        return pixels
    if bits == 16:
        return pixels.astype(np.uint16) * np.uint16(257)
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
