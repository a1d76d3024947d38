"""Scores of classification per class, and scores of segmentation.

- :func:`classification_table` scores each class against the rest, from labels and
  probabilities. :func:`table_from_confusion` and :func:`table_from_counts` do the same
  from published counts.
- :func:`fold_summary` averages tables over folds.
- :func:`cross_val_predictions` predicts each sample by a fold that was not trained on
  it. Its :class:`Predictions` are scored together, or fold by fold.
- :func:`scorers` computes the same scores in scikit-learn's `cross_validate` and
  `GridSearchCV`.
- :func:`roc_auc_interval`, :func:`proportion_interval` and :func:`bootstrap_interval`
  compute confidence intervals, with patients as the independent units.
- :func:`delong_test`, :func:`mcnemar_test` and :func:`corrected_resampled_t_test`
  compare two classifiers. :func:`holm` adjusts the p-values of several comparisons.
- :func:`calibration_scores` and :class:`ReliabilityDisplay` compare probabilities with
  frequencies. :func:`fit_temperature` corrects probabilities.
- :func:`decision_curve` computes the net benefit of a classifier.
  :func:`choose_threshold` and :func:`fold_thresholds` choose thresholds for a required
  sensitivity or specificity.
- :meth:`Predictions.subgroup_table` and :func:`subgroup_table` score subgroups of
  patients, and the gaps between them.
- :func:`compare_predictions` compares classifiers on the same samples.
- :class:`RocDisplay` and :class:`PrecisionRecallDisplay` draw curves with intervals.
- :func:`map_labels` maps labels to the classes of a label scheme.
  :func:`original_class_table` counts the predictions for each original label.
- :func:`segmentation_scores` compares masks, image by image.
  :func:`segmentation_scorers` computes their means in `cross_validate`.
"""

from cxrclf._utils.label_maps import map_labels
from cxrclf.metrics._bootstrap_interval import bootstrap_interval
from cxrclf.metrics._calibration_scores import calibration_scores
from cxrclf.metrics._calibration_table import CalibrationTable
from cxrclf.metrics._choose_threshold import choose_threshold
from cxrclf.metrics._classification_table import (
    classification_table,
    table_from_confusion,
    table_from_counts,
)
from cxrclf.metrics._compare_predictions import (
    ComparisonTable,
    PairComparison,
    compare_predictions,
)
from cxrclf.metrics._comparison import Comparison
from cxrclf.metrics._corrected_resampled_t_test import corrected_resampled_t_test
from cxrclf.metrics._cross_val_predictions import cross_val_predictions
from cxrclf.metrics._decision_curve import DecisionCurve, decision_curve
from cxrclf.metrics._delong_test import delong_test
from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._fold_summary import FoldScore, FoldSummary, fold_summary
from cxrclf.metrics._fold_thresholds import FoldThresholds, fold_thresholds
from cxrclf.metrics._holm import holm
from cxrclf.metrics._join_predictions import join_predictions
from cxrclf.metrics._mcnemar_test import mcnemar_test
from cxrclf.metrics._original_class_table import (
    OriginalClassTable,
    original_class_table,
)
from cxrclf.metrics._precision_recall_display import PrecisionRecallDisplay
from cxrclf.metrics._predictions import Predictions
from cxrclf.metrics._proportion_interval import proportion_interval
from cxrclf.metrics._reliability_display import ReliabilityDisplay
from cxrclf.metrics._roc_auc_interval import roc_auc_interval
from cxrclf.metrics._roc_display import RocDisplay
from cxrclf.metrics._score_subgroups import subgroup_table
from cxrclf.metrics._score_table import ScoreTable
from cxrclf.metrics._scorers import scorers
from cxrclf.metrics._segmentation_scorers import segmentation_scorers
from cxrclf.metrics._segmentation_scores import segmentation_scores
from cxrclf.metrics._subgroup_gaps import SubgroupGap, SubgroupGaps
from cxrclf.metrics._subgroup_table import SubgroupTable
from cxrclf.metrics._temperature import apply_temperature, fit_temperature

__all__ = [
    "CalibrationTable",
    "Comparison",
    "ComparisonTable",
    "DecisionCurve",
    "Estimate",
    "FoldScore",
    "FoldSummary",
    "FoldThresholds",
    "OriginalClassTable",
    "PairComparison",
    "PrecisionRecallDisplay",
    "Predictions",
    "ReliabilityDisplay",
    "RocDisplay",
    "ScoreTable",
    "SubgroupGap",
    "SubgroupGaps",
    "SubgroupTable",
    "apply_temperature",
    "bootstrap_interval",
    "calibration_scores",
    "choose_threshold",
    "classification_table",
    "compare_predictions",
    "corrected_resampled_t_test",
    "cross_val_predictions",
    "decision_curve",
    "delong_test",
    "fit_temperature",
    "fold_summary",
    "fold_thresholds",
    "holm",
    "join_predictions",
    "map_labels",
    "mcnemar_test",
    "original_class_table",
    "proportion_interval",
    "roc_auc_interval",
    "scorers",
    "segmentation_scorers",
    "segmentation_scores",
    "subgroup_table",
    "table_from_confusion",
    "table_from_counts",
]
