"""LIME explanations of several images."""

import numpy as np
import pytest

from cxrclf.inspection import Lime, Occlusion, lime_explanation, saliency_maps

METHOD = Lime(n_segments=8, n_perturbations=40)


def test_explanations(trained, radiographs):
    X = radiographs.images[:3]
    found = lime_explanation(trained, X, method=METHOD)
    np.testing.assert_array_equal(found.targets, trained.predict(X))
    np.testing.assert_allclose(found.probabilities, trained.predict_proba(X))
    np.testing.assert_array_equal(found.classes, trained.classes_)
    np.testing.assert_allclose(
        found.maps, saliency_maps(trained, X, method=METHOD), atol=1e-6
    )
    assert ((found.r2 <= 1) & (np.abs(found.stability) <= 1)).all()
    for segments, weights in zip(found.segments, found.weights, strict=True):
        assert np.unique(segments).tolist() == list(range(len(weights)))
    assert repr(found).startswith("LimeExplanation of 3 images: mean R² 0.")
    own = lime_explanation(trained, X, "normal", method=METHOD)
    assert own.targets.tolist() == ["normal"] * 3


def test_one_repeat_has_no_stability(trained, radiographs):
    method = Lime(n_segments=8, n_perturbations=40, n_repeats=1)
    found = lime_explanation(trained, radiographs.images[:1], method=method)
    assert np.isnan(found.stability).all()
    three = Lime(n_segments=8, n_perturbations=40, n_repeats=3)
    found = lime_explanation(trained, radiographs.images[:1], method=three)
    assert abs(found.stability[0]) <= 1


def test_bad_input(trained, radiographs):
    X = radiographs.images[:2]
    with pytest.raises(ValueError, match="must be a Lime object or None"):
        lime_explanation(trained, X, method=Occlusion())
    with pytest.raises(ValueError, match="explains one class per image"):
        lime_explanation(trained, X, "all")
    with pytest.raises(ValueError, match="target has 'flu'"):
        lime_explanation(trained, X, "flu")
