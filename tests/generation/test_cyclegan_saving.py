"""Saving, loading and pickling of CycleGANGenerator."""

import json
import pickle

import numpy as np
import pytest

from cxrclf import Augmentation
from cxrclf.exceptions import WeightsError
from cxrclf.generation import CycleGANGenerator


@pytest.mark.parametrize("way", ["folder", "pickle"])
def test_a_restored_generator_translates_to_the_same_images(
    fitted, radiographs, tmp_path, way
):
    if way == "folder":
        fitted.save(tmp_path)
        restored = CycleGANGenerator.load(tmp_path)
    else:
        restored = pickle.loads(pickle.dumps(fitted))
    X = radiographs.images[:5]
    np.testing.assert_array_equal(fitted.translate(X), restored.translate(X))
    np.testing.assert_array_equal(
        fitted.translate(X, reverse=True), restored.translate(X, reverse=True)
    )
    assert restored.history_ == fitted.history_
    assert restored.source_ == "normal"
    assert restored.get_params() == fitted.get_params()


def test_a_pickle_has_the_images_and_a_folder_has_none(fitted, tmp_path):
    pickled = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(
        pickled.sample(3, "covid", 0), fitted.sample(3, "covid", 0)
    )
    fitted.save(tmp_path)
    loaded = CycleGANGenerator.load(tmp_path)
    with pytest.raises(ValueError, match="Use translate"):
        loaded.sample(3, "covid", 0)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 100_000


def test_labels_sizes_and_parameters_are_kept(make, radiographs, tmp_path):
    y = np.where(radiographs.target == "covid", 7, radiographs.target == "normal")
    generator = make(
        source=1, augmentation=Augmentation(rotation=5), image_size=24, max_iter=2
    ).fit(radiographs.images, y, [7, 0])
    generator.save(tmp_path)
    loaded = CycleGANGenerator.load(tmp_path)
    assert list(loaded.translators_) == [7, 0]
    assert loaded.augmentation.rotation == 5
    assert loaded.image_size_ == (24, 24)
    X = radiographs.images[:3]
    for label in (7, 0):
        np.testing.assert_array_equal(
            generator.translate(X, label), loaded.translate(X, label)
        )


def test_parameters_set_after_the_fit_do_not_change_the_networks(
    make, radiographs, tmp_path
):
    generator = make(max_iter=2).fit(radiographs.images, radiographs.target)
    X = radiographs.images[:3]
    made = generator.translate(X)
    generator.set_params(width=3, n_blocks=2, skip=False)
    np.testing.assert_array_equal(generator.translate(X), made)
    restored = pickle.loads(pickle.dumps(generator))
    np.testing.assert_array_equal(restored.translate(X), made)
    generator.save(tmp_path)
    loaded = CycleGANGenerator.load(tmp_path)
    np.testing.assert_array_equal(loaded.translate(X), made)
    assert (loaded.width, loaded.n_blocks, loaded.skip) == (2, 1, True)


def test_files_are_translated_after_loading(make, radiograph_files, tmp_path):
    generator = make(image_size=24, max_iter=2).fit(
        radiograph_files.data, radiograph_files.target
    )
    generator.save(tmp_path)
    X = radiograph_files.data[:3]
    np.testing.assert_array_equal(
        CycleGANGenerator.load(tmp_path).translate(X), generator.translate(X)
    )


def test_damaged_folders_are_refused(fitted, tmp_path):
    fitted.save(tmp_path)
    path = tmp_path / "model.json"
    text = path.read_text()
    path.write_text(text.replace('"normal"', '"abnormal"', 1))
    with pytest.raises(WeightsError, match="damaged"):
        CycleGANGenerator.load(tmp_path)
    path.write_text(text)
    weights = tmp_path / json.loads(text)["weights"]["file"]
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(WeightsError):
        CycleGANGenerator.load(tmp_path)


def test_another_class_is_refused(tmp_path, small_classifier, radiographs):
    clf = small_classifier(max_epochs=1).fit(radiographs.images, radiographs.target)
    clf.save(tmp_path)
    with pytest.raises(WeightsError, match="saved by CXRClassifier"):
        CycleGANGenerator.load(tmp_path)
