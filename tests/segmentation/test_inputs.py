"""X and y in all forms, and what is said of those that are none."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.exceptions import NotFittedError

from cxrclf.datasets import load_image_masks
from cxrclf.exceptions import ImageReadError
from cxrclf.sampling import AugmentedOverSampler
from tolerances import assert_same_predictions


def frame(paths):
    return pd.DataFrame({"id": range(5, 17), "path": paths}, index=range(30, 42))


X_FORMS = {
    "images": lambda d, f: d.images,
    "list": lambda d, f: list(f.images),
    "column": lambda d, f: f.images[:, None],
    "frame": lambda d, f: frame(f.images),
}
Y_FORMS = {
    "masks": lambda d, f: d.masks,
    "numbers": lambda d, f: d.masks * 255,
    "list": lambda d, f: list(f.masks),
    "column": lambda d, f: f.masks[:, None].astype(str),
    "frame": lambda d, f: frame(f.masks),
    "pairs": lambda d, f: f.pairs,
    "list of pairs": lambda d, f: f.pairs.tolist(),
}


@pytest.fixture(scope="module")
def expected(lungs, small_segmenter):
    unet = small_segmenter().fit(lungs.images, lungs.masks)
    return unet.predict_proba(lungs.images), unet.score(lungs.images, lungs.masks)


@pytest.mark.parametrize(
    ("x", "y"),
    [("images", y) for y in Y_FORMS] + [(x, y) for x in X_FORMS for y in ("pairs",)]
    + [("frame", "frame"), ("list", "masks")],
)  # fmt: skip
def test_files_and_arrays_train_alike(
    x, y, lungs, lung_files, small_segmenter, expected
):
    X, y = X_FORMS[x](lungs, lung_files), Y_FORMS[y](lungs, lung_files)
    unet = small_segmenter().fit(X, y)
    # Exact: the same pixels, and one thread computes each layer.
    np.testing.assert_array_equal(unet.predict_proba(X), expected[0])
    # Fitted on files it takes arrays, and the other way round.
    np.testing.assert_array_equal(
        unet.predict(lungs.images), unet.predict(lung_files.images)
    )
    assert unet.score(X, y) == pytest.approx(expected[1])


def test_colors_and_single_channels(lungs, small_segmenter):
    X, y = lungs.images, lungs.masks
    gray = small_segmenter().fit(X, y)
    same = small_segmenter().fit(X[..., None], y[..., None])
    np.testing.assert_array_equal(same.predict_proba(X), gray.predict_proba(X))
    colors = np.stack([X, X // 2, 255 - X], axis=-1)
    with pytest.raises(ValueError, match="images of 3 channels, .* fitted on gray"):
        gray.predict(colors)
    unet = small_segmenter().fit(colors, y)
    assert unet.net_.module_.backbone.in_channels == 3
    assert not np.array_equal(unet.predict_proba(colors), unet.predict_proba(X))
    encoded = small_segmenter(encoder="test_resnet", weights=None).fit(X, y)
    repeated = np.repeat(X[..., None], 3, axis=3)
    assert_same_predictions(
        encoded.predict_proba(repeated), encoded.predict_proba(X), "float32"
    )


@pytest.mark.parametrize(
    ("X", "got"),
    [
        (None, "Got an object of type NoneType"),
        ([], "Got no image: X is empty"),
        (np.zeros((12, 1024)), r"Got an array of shape \(12, 1024\)"),
        (np.zeros((2, 3, 4, 5, 6)), r"Got an array of shape \(2, 3, 4, 5, 6\)"),
    ],
)
def test_what_holds_no_images(X, got, lungs, small_segmenter):
    unet = small_segmenter(max_epochs=1)
    for fitted in (False, True):
        if fitted:
            unet.fit(lungs.images, lungs.masks)
        with pytest.raises(ValueError, match=f"must hold image files .* {got}"):
            unet.predict(X) if fitted else unet.fit(X, lungs.masks)
    with pytest.raises(ValueError, match="Expected several image paths, got one"):
        unet.fit("scan.png", lungs.masks)
    with pytest.raises(ValueError, match=r"several sizes: \(8, 8\), \(9, 9\)"):
        unet.fit([np.zeros((8, 8)), np.zeros((9, 9))], lungs.masks)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed, the masks of the images"),
        ("mask.png", "Expected several image paths, got one"),
        (np.arange(12) % 2, r"pixels as an array of shape \(n, H, W\)"),
        (np.zeros((12, 32)), r"pixels as an array of shape \(n, H, W\)"),
        (np.zeros((12, 16)), r"pixels as an array of shape \(n, H, W\)"),
        (np.ones((11, 32, 32)), "There are 12 images and 11 masks"),
        (np.ones((24, 32, 32)), "There are 12 images and 24 masks"),
        (["a.png"] * 13, "There are 12 images and 13 masks"),
        ([["a.png", "b.png"]] * 13, "There are 12 images and 13 masks"),
        (np.ones((12, 64, 64)), "images are of 32×32 pixels and their masks of 64×64"),
        (np.ones((12, 16, 32)), "images are of 32×32 pixels and their masks of 16×32"),
        (
            np.ones((12, 32, 32)) * np.arange(32) / 31,
            "as 0 and one other value",
        ),
        (np.zeros((12, 32, 32)), "All 12 masks are empty: 0, 1, 2, 3, 4 and 7 more"),
    ],
)
def test_what_holds_no_masks(y, message, lungs, small_segmenter):
    with pytest.raises(ValueError, match=message):
        small_segmenter().fit(lungs.images, y)
    if y is not None:
        with pytest.raises(ValueError, match=message):
            small_segmenter().fit(
                lungs.images, lungs.masks, X_val=lungs.images, y_val=y
            )


def test_values_that_are_no_labels_are_named(lungs, lung_files, small_segmenter):
    unet = small_segmenter(labels=(0, 7))
    with pytest.raises(ValueError, match=r"has the values \[255\], which are"):
        unet.fit(lungs.images, lungs.masks * 255)
    with pytest.raises(ImageReadError, match=r"00.png: it has the values \[255\]"):
        unet.fit(lung_files.images, lung_files.masks)


def test_copies_of_a_sampler_are_refused(lung_files, lungs, small_segmenter):
    target = np.repeat(["a", "b"], [4, 8])
    X, _ = AugmentedOverSampler(random_state=0).fit_resample(
        lung_files.images[:, None], target
    )
    y = np.resize(lung_files.masks, len(X))
    with pytest.raises(ValueError, match="transformed copies of files"):
        small_segmenter().fit(X, y)


def test_masks_in_memory_are_not_padded_as_their_files_are(
    tmp_path, lungs, small_segmenter
):
    files = [tmp_path / f"{row}.png" for row in range(4)]
    for path, image in zip(files, lungs.images, strict=False):
        Image.fromarray(image[:16]).save(path)
    settings = {"image_size": 32, "max_epochs": 1}
    padded = small_segmenter(keep_aspect_ratio=True, **settings)
    with pytest.raises(ValueError, match="pads image files, but not an array of masks"):
        padded.fit(files, lungs.masks[:4])
    padded.fit(files, lungs.masks[:4, :16])
    small_segmenter(**settings).fit(files, lungs.masks[:4])


def test_arrays_are_not_padded(lungs, lung_files, small_segmenter):
    settings = {"image_size": (32, 48), "keep_aspect_ratio": True, "max_epochs": 1}
    unet = small_segmenter(**settings)
    with pytest.raises(ValueError, match="pads files and no arrays"):
        unet.fit(lungs.images, lungs.masks)
    unet.fit(lung_files.images, lungs.masks)
    with pytest.raises(ValueError, match="pads files and no arrays"):
        unet.predict(lungs.images)
    whole = small_segmenter(**{**settings, "image_size": (16, 16)})
    assert whole.fit(lungs.images, lungs.masks).predict(lungs.images).shape[1] == 16


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"depth": 0}, "'depth' parameter"),
        ({"depth": 6}, "cannot be halved 6 times"),
        ({"width": 0}, "'width' parameter"),
        ({"threshold": 1.0}, "'threshold' parameter"),
        ({"loss": "hinge"}, "'loss' parameter"),
        ({"labels": np.array([0, 1])}, "'labels' parameter"),
        ({"labels": (0, 0)}, "labels must be 2 to 256 different"),
        ({"upsampling": "nearest"}, "'upsampling' parameter"),
        ({"largest_components": 0}, "'largest_components' parameter"),
        ({"monitor": "valid_accuracy"}, "'monitor' parameter"),
        ({"image_size": (0, 4)}, "image_size must be a positive int"),
        ({"encoder": "test_vit", "weights": None}, "no maps of several sizes"),
        ({"encoder": "no_such_net"}, "no_such_net"),
        ({"early_stopping": True}, "needs a validation set"),
        ({"checkpoint_dir": "here", "random_state": None}, "needs an int random_state"),
        ({"trainable": 9}, "has 3 stages"),
    ],
)
def test_bad_parameters_are_named_before_decoding(
    parameters, message, lung_files, small_segmenter, monkeypatch
):
    def decode(*args, **settings):
        raise AssertionError("decoded")

    monkeypatch.setattr("cxrclf.images.DecodeStore.fetch", decode)
    with pytest.raises(ValueError, match=message):
        small_segmenter(**parameters).fit(lung_files.images, lung_files.masks)


def test_sample_weights_that_leave_nothing(lungs, small_segmenter):
    unet = small_segmenter()
    for weights, message in (
        (np.zeros(12), "at least one (non-zero|weight above zero)"),
        (-np.ones(12), "must be non-negative"),
        (np.ones(5), "sample_weight has 5 values, but X has 12 samples"),
    ):
        with pytest.raises(ValueError, match=message):
            unet.fit(lungs.images, lungs.masks, weights)


@pytest.mark.parametrize(
    "call",
    [
        lambda u, X, y: u.predict(X),
        lambda u, X, y: u.predict_proba(X),
        lambda u, X, y: u.predict_masks(X),
        lambda u, X, y: u.save_masks(["a.png"], "folder"),
        lambda u, X, y: u.score(X, y),
        lambda u, X, y: u.save("folder"),
    ],
)
def test_unfitted(call, lungs, small_segmenter):
    with pytest.raises(NotFittedError):
        call(small_segmenter(), lungs.images, lungs.masks)


def test_missing_files_of_a_prediction_are_named(lung_files, lungs, small_segmenter):
    unet = small_segmenter(max_epochs=1).fit(lungs.images, lungs.masks)
    X = [*lung_files.images[:3], "none1.png", "none2.png"]
    for method in (unet.predict, unet.predict_masks):
        with pytest.raises(ImageReadError) as caught:
            method(X)
        assert set(caught.value.failures) == {"none1.png", "none2.png"}


def test_a_failed_fit_changes_nothing(lungs, lung_files, small_segmenter):
    unet = small_segmenter()
    with pytest.raises(ImageReadError):
        unet.fit(lung_files.images, lung_files.images)
    assert not [name for name in vars(unet) if name.endswith("_")]
    unet.fit(lungs.images, lungs.masks)
    before, history = unet.predict_proba(lungs.images), dict(unet.history_)
    unet.set_params(labels=(0, 3), image_size=16)
    for y in (lung_files.images, np.zeros((12, 32, 32)), None):
        with pytest.raises(ValueError, match="."):
            unet.fit(lung_files.images, y)
    assert unet.classes_.tolist() == [False, True]
    assert unet.image_size_ == (32, 32)
    assert unet.history_ == history
    np.testing.assert_array_equal(unet.predict_proba(lungs.images), before)


def test_a_frame_of_a_loader_is_a_y(lung_files, small_segmenter):
    pairs = load_image_masks(
        lung_files.folder / "images",
        [lung_files.folder / "left", lung_files.folder / "right"],
        as_frame=True,
    )
    as_array = small_segmenter().fit(lung_files.images, lung_files.pairs)
    as_frame = small_segmenter().fit(pairs.data, pairs.masks)
    np.testing.assert_array_equal(
        as_frame.predict_proba(pairs.data), as_array.predict_proba(lung_files.images)
    )
    assert as_frame.score(pairs.data, pairs.masks) == as_array.score(
        lung_files.images, lung_files.pairs
    )
