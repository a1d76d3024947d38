import numpy as np
import pytest
from scipy.stats import norm, t
from sklearn.metrics import f1_score, roc_auc_score

from cxrclf.metrics import bootstrap_interval


def mean_of(values):
    return values.mean()


def test_interval_is_near_that_of_the_normal_distribution():
    values = np.random.default_rng(0).normal(size=50)
    error = values.std(ddof=1) / np.sqrt(50)
    expected = values.mean() + error * t.isf(0.025, 49) * np.array([-1, 1])
    found = bootstrap_interval(mean_of, values, n_resamples=4000)
    assert found.value == values.mean()
    # A quantile of 4,000 resamples has a standard error of 0.04 standard errors.
    np.testing.assert_allclose(found[1:], expected, atol=0.15 * error)


def test_bounds_are_quantiles_of_the_resamples():
    values = np.random.default_rng(0).normal(size=8)
    seen = []

    def record(sample):
        seen.append(sample.max())
        return sample.max()

    found = bootstrap_interval(record, values, n_resamples=100, random_state=3)
    assert found.value == seen[0]
    tail = norm.cdf(-np.sqrt(8 / 7) * t.ppf(0.95, 7))
    low, high = np.quantile(seen[1:], [tail, 1 - tail])
    again = bootstrap_interval(
        np.max, values, n_resamples=100, random_state=3, confidence_level=0.9
    )
    assert again[1:] == pytest.approx((low, high))


def test_patients_are_drawn_with_all_their_images():
    groups = np.repeat(["a", "b", "c", "d"], [1, 2, 3, 4])

    def count(ids):
        sizes = {"a": 1, "b": 2, "c": 3, "d": 4}
        found, n = np.unique(ids, return_counts=True)
        assert all(k % sizes[g] == 0 for g, k in zip(found, n, strict=True))
        return len(ids)

    bootstrap_interval(count, groups, groups=groups, n_resamples=100)


def test_mean_of_numpy_equals_a_mean_of_the_user():
    values = np.random.default_rng(0).normal(size=60)
    groups = np.repeat(np.arange(20), 3)
    quick = bootstrap_interval(np.mean, values, groups=groups, n_resamples=5000)
    slow = bootstrap_interval(mean_of, values, groups=groups, n_resamples=5000)
    np.testing.assert_allclose(quick, slow, atol=0.02)


def test_scores_of_labels_and_of_text():
    y_true, y_pred = np.array(["covid", "normal"] * 20), np.array(["covid"] * 40)
    y_pred[1:20] = "normal"

    def macro_f1(truth, predicted):
        return f1_score(truth, predicted, average="macro")

    found = bootstrap_interval(macro_f1, y_true.tolist(), y_pred, n_resamples=100)
    assert found.low < found.value == macro_f1(y_true, y_pred) < found.high


def test_undefined_resamples_are_left_out_and_counted():
    y, score = np.array([1, 1] + [0] * 20), np.arange(22) % 7
    with pytest.warns(UserWarning, match=r"undefined in \d\d of 200 resamples"):
        found = bootstrap_interval(roc_auc_score, y, score, n_resamples=200)
    assert found.low < found.high

    def single(truth, predicted):
        if len(set(truth)) < 2:
            raise ValueError("one class")
        return roc_auc_score(truth, predicted)

    with pytest.warns(UserWarning, match="left out"):
        assert bootstrap_interval(single, y, score, n_resamples=200) == found


def test_score_that_is_mostly_undefined_has_no_interval():
    def all_different(values):
        return values.mean() if len(set(values)) == 10 else np.nan

    with pytest.warns(UserWarning, match="undefined in 200 of 200 resamples"):
        found = bootstrap_interval(all_different, np.arange(10.0), n_resamples=200)
    assert found.value == 4.5
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize("statistic", [np.mean, mean_of])
def test_fewer_than_3_patients_have_no_interval(statistic):
    value, low, high = bootstrap_interval(
        statistic, np.array([1.0, 2, 3]), groups=[1, 1, 2]
    )
    assert value == 2
    assert np.isnan([low, high]).all()


def test_errors_of_the_whole_data_are_shown():
    with pytest.raises(ValueError, match="bad statistic"):

        def fails(values):
            raise ValueError("bad statistic")

        bootstrap_interval(fails, [1, 2, 3])


@pytest.mark.parametrize(
    ("arguments", "parameters", "message"),
    [
        (("mean", [1, 2]), {}, "statistic must be a function, got 'mean'"),
        ((np.mean,), {}, "Pass the arguments of statistic"),
        ((np.mean, []), {}, "There are no images"),
        ((mean_of, [1, 2], [1]), {}, "inconsistent numbers of samples"),
        ((np.mean, [1, 2]), {"n_resamples": 10}, "n_resamples must be an int, 100"),
        ((np.mean, [1, 2]), {"random_state": None}, "random_state must be an int"),
        ((np.mean, [1, 2]), {"groups": [1]}, "groups has 1 values"),
    ],
)
def test_invalid_parameters(arguments, parameters, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(*arguments, **parameters)


def test_several_numbers_are_refused():
    with pytest.raises(ValueError, match="statistic must return one number"):
        bootstrap_interval(lambda v: v[:2], np.arange(5.0))
