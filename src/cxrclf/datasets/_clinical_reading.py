"""Clinical readings: the texts of the Montgomery and Shenzhen data sets."""

import re
from typing import NamedTuple

_SEX = re.compile(r"sex:[ \t]*(\w+)", re.IGNORECASE)
_AGE = re.compile(r"age:(.*)", re.IGNORECASE)
_GENDER = re.compile(r"\b(fe)?mal", re.IGNORECASE)  # one reading has "femal 32yrs"
_DURATION = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?:(y|yrs?|years?)|(m|mos?|months?)|(w|weeks?)|(d|days?))\b",
    re.IGNORECASE,
)
_PER_YEAR = (1.0, 12.0, 365.25 / 7, 365.25)  # years, months, weeks, days
_SAME = re.compile(r"same (?:pt|patient) as\W+(\w+CXR_\d+)", re.IGNORECASE)


class ClinicalReading(NamedTuple):
    """Content of a clinical reading.

    Attributes
    ----------
    sex : str or None
        "F", "M", or another letter in the text.
    age : float
        Age in years. NaN if it is missing or has no unit.
    same_as : str or None
        Name of another image of the same patient, without its label: "MCUCXR_0113".
    """

    sex: str | None = None
    age: float = float("nan")
    same_as: str | None = None


def parse_reading(text):
    """Parse the text of a clinical reading.

    A text has one of two forms: separate lines "Patient's Sex: F" and "Patient's Age:
    027Y", or "male 45yrs" on the first line. Numbers in the rest of the text ("off Rx
    since 6M") are not ages.

    Parameters
    ----------
    text : str
        Text of the reading.

    Returns
    -------
    ClinicalReading
        Sex, age and another image of the patient, as far as the text has them.
    """
    lines = [line.strip("\ufeff \t") for line in text.splitlines()]
    first = next((line for line in lines if line), "")
    same = _SAME.search(text)
    labeled_sex, labeled_age = _SEX.search(text), _AGE.search(text)
    if labeled_sex or labeled_age:
        sex = labeled_sex and labeled_sex[1][0].upper()
        age = _parse_age(labeled_age[1]) if labeled_age else float("nan")
    else:
        gender = _GENDER.search(first)
        sex = gender and ("F" if gender[1] else "M")
        age = _parse_age(first)
    return ClinicalReading(sex, age, same and same[1].upper())


def _parse_age(text):
    """Return the first duration of a text in years, or NaN."""
    match = _DURATION.search(text)
    if match is None:
        return float("nan")
    unit = next(i for i, found in enumerate(match.groups()[1:]) if found)
    return float(match[1]) / _PER_YEAR[unit]
