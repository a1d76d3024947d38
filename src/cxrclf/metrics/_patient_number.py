"""Number of independent images if images of a patient do not differ."""

import numpy as np


def patient_number(patients: np.ndarray) -> float:
    """Return the number of independent images if the images of a patient are equal.

    The mean over n images then has the variance of a mean over ``n**2 / sum(n_i**2)``
    independent images, where n_i is the number of images of a patient. This is the
    number of patients if all patients have equally many images.

    Parameters
    ----------
    patients : ndarray of shape (n,)
        Patient id of each image.

    Returns
    -------
    float
        Number of independent images, from 1 to the number of patients.

    References
    ----------
    L. Kish, "Survey Sampling", Wiley, 1965.
    """
    sizes = np.unique(patients, return_counts=True)[1]
    return len(patients) ** 2 / float((sizes**2).sum())
