import warnings

import pytest

from cxrclf.audit._leak_warnings import ignore_patient_leaks
from cxrclf.exceptions import PatientLeakWarning


def test_only_warnings_about_patients_are_ignored():
    with ignore_patient_leaks():
        warnings.warn("patients", PatientLeakWarning, stacklevel=1)
        with pytest.raises(UserWarning, match="other"):  # warnings are errors in tests
            warnings.warn("other", UserWarning, stacklevel=1)
    with pytest.raises(PatientLeakWarning):
        warnings.warn("patients", PatientLeakWarning, stacklevel=1)
