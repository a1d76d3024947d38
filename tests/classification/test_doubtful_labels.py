"""Missing and doubtful labels and groups, in every estimator that takes them."""

from types import SimpleNamespace

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import PredefinedSplit, cross_validate

from cxrclf import DualBackboneConcat, LabelMapClassifier
from cxrclf.exceptions import LabelWarning
from cxrclf.metrics import (
    classification_table,
    map_labels,
    original_class_table,
    scorers,
)
from cxrclf.sampling import (
    AugmentedOverSampler,
    GenerativeOverSampler,
    ImageSampler,
    PhasedBalancedSplit,
    PhasedClassifier,
)

X = np.random.default_rng(0).integers(0, 256, (12, 32, 32), dtype=np.uint8)
Y = np.array(["covid", "normal"] * 6)
MISSING = [*Y[:11].tolist(), None]
PREDICTED = Y.tolist()
GENERATOR = SimpleNamespace(fit=print, sample=print)


@pytest.fixture
def net(small_classifier):
    return small_classifier(max_epochs=1, trainable="head")


@pytest.fixture(params=["net", "two backbones", "scheme", "phases", "segmenter"])
def fit_with_groups(request, net, small_segmenter):
    if request.param == "segmenter":
        unet = small_segmenter(max_epochs=1)
        return lambda groups: unet.fit(X, X > 100, groups=groups)
    if request.param == "two backbones":
        names = ("test_resnet", "test_vit")
        net = DualBackboneConcat(names, weights=None, image_size=32)
    clf = {
        "scheme": LabelMapClassifier(net, None),
        "phases": PhasedClassifier(net),
    }.get(request.param, net)
    return lambda groups: clf.fit(X, Y, groups=groups)


def test_groups_are_checked_without_a_validation_set(fit_with_groups):
    groups = np.arange(12) // 2.0
    groups[4:8] = np.nan
    with pytest.raises(ValueError, match="4 missing ids .*rows 4, 5, 6, 7.*their own"):
        fit_with_groups(groups)
    with pytest.raises(ValueError, match=r"11 values, but X has 12 samples\. Pass one"):
        fit_with_groups(groups[:11])
    with pytest.raises(ValueError, match="Convert all ids"):
        fit_with_groups([1, "1", *range(10)])


@pytest.mark.parametrize(
    "call",
    [
        lambda net: net.fit(X, MISSING),
        lambda net: net.partial_fit(X, MISSING),
        lambda net: net.fit(X, Y, X_val=X, y_val=MISSING),
        lambda net: LabelMapClassifier(net, None).fit(X, MISSING),
        lambda net: LabelMapClassifier(net, None).fit(X, Y, X_val=X, y_val=MISSING),
        lambda net: LabelMapClassifier(net, None).fit(X, Y).score(X, MISSING),
        lambda net: PhasedClassifier(net).fit(X, MISSING),
        lambda net: PhasedClassifier(net).fit(X, Y, X_val=X, y_val=MISSING),
        lambda net: PhasedBalancedSplit().split(X, MISSING),
        lambda net: AugmentedOverSampler().fit_resample(X, MISSING),
        lambda net: GenerativeOverSampler(GENERATOR).fit_resample(X, MISSING),
        lambda net: ImageSampler().fit(X, MISSING),
        lambda net: classification_table(MISSING, PREDICTED),
        lambda net: classification_table(PREDICTED, MISSING),
        lambda net: original_class_table(MISSING, PREDICTED, {}, rest="other"),
        lambda net: original_class_table(PREDICTED, MISSING, {}, rest="other"),
        lambda net: map_labels(MISSING, {"covid": "covid"}, rest="other"),
        lambda net: scorers()(net.fit(X, Y), X, MISSING),
    ],
)
def test_a_missing_label_is_named_everywhere(call, net):
    with pytest.raises(
        ValueError, match=r"^y\w* has 1 missing label .*row 11\. Remove"
    ):
        call(net)


def test_missing_classes_are_named(net):
    with pytest.raises(ValueError, match="classes has 1 missing label .*row 2"):
        net.partial_fit(X, Y, classes=["covid", "normal", np.nan])


TWINS = np.array(["covid", "Covid "] * 6)


@pytest.mark.parametrize(
    "call",
    [
        lambda net: net.fit(X, TWINS),
        lambda net: net.partial_fit(X, TWINS),
        lambda net: PhasedClassifier(net).fit(X, TWINS),
        lambda net: PhasedClassifier(SGDClassifier()).fit(X.reshape(12, -1), TWINS),
        lambda net: make_imblearn_pipeline(AugmentedOverSampler(), net).fit(X, TWINS),
        lambda net: LabelMapClassifier(net, None).fit(X, TWINS),
        lambda net: LabelMapClassifier(net, {"covid": "a"}, rest="b").fit(X, TWINS),
        lambda net: classification_table(TWINS, TWINS),
        lambda net: classification_table(["covid"] * 12, ["Covid "] * 12),
        lambda net: original_class_table(TWINS, ["a"] * 12, {"covid": "a"}, rest="b"),
        lambda net: map_labels(TWINS, {"covid": "a"}, rest="b"),
    ],
)
def test_labels_that_look_alike_warn_once_at_the_line_of_the_user(call, net):
    with pytest.warns(LabelWarning, match="'Covid ', 'covid'. differ only") as caught:
        call(net)
    assert [warning.filename for warning in caught] == [__file__]


def test_weights_of_a_class_that_a_fold_lacks_cost_this_fold_only(net):
    y = np.array(["covid"] * 2 + ["normal", "flu"] * 5)
    fold = np.where(y == "covid", 0, np.arange(12) % 3)
    clf = net.set_params(class_weight={"covid": 2})
    with pytest.warns(FitFailedWarning, match="(?s)1 fits failed.*stratified folds"):
        scores = cross_validate(clf, X, y, cv=PredefinedSplit(fold), scoring=scorers())
    defined = np.isfinite(scores["test_accuracy_covid"]).tolist()
    assert defined == [False, True, True]


@pytest.mark.parametrize(
    ("scheme", "scorer"),
    [
        (({"flu": "sick"}, "other"), scorers()),
        ((None, None), scorers()),
        (None, scorers(label_map={"flu": "sick"}, rest="other")),
    ],
)
def test_a_class_that_a_fold_lacks_keeps_the_scores_of_a_scheme(scheme, scorer, net):
    y = np.array(["covid"] * 2 + ["normal", "flu"] * 5)
    fold = np.where(y == "covid", 0, np.arange(12) % 3)
    clf = LabelMapClassifier(net, scheme[0], rest=scheme[1]) if scheme else net
    with pytest.warns(LabelWarning, match=r"hold \['covid'\].*StratifiedK") as caught:
        scores = cross_validate(
            clf, X, y, cv=PredefinedSplit(fold), scoring=scorer, error_score="raise"
        )
    assert len(caught) == 1
    defined = np.isfinite(scores["test_original_sensitivity_covid"]).tolist()
    assert defined == [True, False, False]
    assert np.isfinite(scores["test_accuracy"]).all()
