"""Tell whether the caller of a fit has replaced labels by numbers."""

import sys

# Modules of meta-estimators that encode labels as 0, 1, ... before they fit.
_MODULES = ("sklearn.ensemble", "sklearn.multiclass", "imblearn.ensemble")


def is_within_encoder() -> bool:
    """Return whether a meta-estimator that encodes labels calls this function.

    The callers are searched for such meta-estimators of scikit-learn and
    imbalanced-learn, and for ``cross_val_predict`` with probabilities. In a worker
    process, their function that fits is among the callers too.
    """
    frame = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        if module.startswith(_MODULES):
            return True
        if (
            module == "sklearn.model_selection._validation"
            and frame.f_code.co_name == "_fit_and_predict"
            and frame.f_locals.get("method") != "predict"
        ):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
