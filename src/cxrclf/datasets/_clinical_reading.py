"""The texts that come with the Montgomery and Shenzhen radiographs."""

import re
from typing import NamedTuple

_SEX = re.compile(r"sex:[ \t]*(\w+)", re.IGNORECASE)
_AGE = re.compile(r"age:(.*)", re.IGNORECASE)
_GENDER = re.compile(r"\b(fe)?mal", re.IGNORECASE)  # "femal 32yrs" is in the set
_DURATION = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?:(y|yrs?|years?)|(m|mos?|months?)|(w|weeks?)|(d|days?))\b",
    re.IGNORECASE,
)
_PER_YEAR = (1.0, 12.0, 365.25 / 7, 365.25)  # years, months, weeks, days
_SAME = re.compile(r"same (?:pt|patient) as\W+(\w+CXR_\d+)", re.IGNORECASE)


class ClinicalReading(NamedTuple):
    """What a text says about the patient.

    Attributes
    ----------
    sex : str or None
        "F", "M", or another letter as it is written.
    age : float
        In years; NaN where it is missing or has no unit.
    same_as : str or None
        An image of the same patient, without its label: "MCUCXR_0113".
    """

    sex: str | None = None
    age: float = float("nan")
    same_as: str | None = None


def parse_reading(text):
    """Return the ClinicalReading of a text.

    Two forms are known: "Patient's Sex: F", "Patient's Age: 027Y" on lines of their
    own, and "male 45yrs" on the first line. The rest is prose, whose numbers ("off Rx
    since 6M") are no ages.
    """
    lines = [line.strip("\ufeff \t") for line in text.splitlines()]
    first = next((line for line in lines if line), "")
    same = _SAME.search(text)
    labelled_sex, labelled_age = _SEX.search(text), _AGE.search(text)
    if labelled_sex or labelled_age:
        sex = labelled_sex and labelled_sex[1][0].upper()
        age = _years(labelled_age[1]) if labelled_age else float("nan")
    else:
        gender = _GENDER.search(first)
        sex = gender and ("F" if gender[1] else "M")
        age = _years(first)
    return ClinicalReading(sex, age, same and same[1].upper())


def _years(text):
    match = _DURATION.search(text)
    if match is None:
        return float("nan")
    unit = next(i for i, found in enumerate(match.groups()[1:]) if found)
    return float(match[1]) / _PER_YEAR[unit]
