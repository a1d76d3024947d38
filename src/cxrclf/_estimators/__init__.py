"""What the estimators share: parameters, X, fitting, prediction, saving."""
