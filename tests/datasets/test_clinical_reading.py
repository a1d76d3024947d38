import math

import pytest

from cxrclf.datasets._clinical_reading import parse_reading


@pytest.mark.parametrize(
    ("text", "sex", "years"),
    [
        # The two writings, and what departs from them.
        ("Patient's Sex: F \nPatient's Age: 027Y\nnormal", "F", 27),
        ("Patient's Sex: O \nPatient's Age: 005Y\nnormal", "O", 5),
        ("Patient's Sex: M\r\nPatient's Age: 018M\r\nnormal", "M", 1.5),
        ("patient's sex: m\npatient's age: 26W\n", "M", 26 * 7 / 365.25),
        ("male 45yrs\nnormal", "M", 45),
        ("Female, 28yrs\nnormal", "F", 28),
        ("male , 29yrs  \t\nbilateral secondary PTB", "M", 29),
        ("female24yrs\nnormal", "F", 24),
        ("femal 32yrs\nnormal", "F", 32),
        ("male 16month\nnormal", "M", 16 / 12),
        ("Female 5 months\nnormal", "F", 5 / 12),
        ("female 64days\nnormal", "F", 64 / 365.25),
        ("\ufeffmale 1 yr\nnormal", "M", 1),
        ("\n\n  male 45 years old\nnormal", "M", 45),
    ],
)
def test_sex_and_age(text, sex, years):
    reading = parse_reading(text)
    assert reading.sex == sex
    assert reading.age == pytest.approx(years, rel=1e-12)
    assert reading.same_as is None


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("", None),
        ("normal", None),
        ("male 42\nnormal", "M"),  # no unit: 42 of what?
        ("male\noff Rx since 6M", "M"),
        ("Patient's Sex: F\nstable since 6M; prior views 2M ago", "F"),
        ("Patient's Sex: \nPatient's Age: \nmale 3 yrs", None),
    ],
)
def test_what_is_not_said_is_not_made_up(text, sex):
    reading = parse_reading(text)
    assert reading.sex == sex
    assert math.isnan(reading.age)


def test_another_image_of_the_same_patient():
    text = (
        "Patient's Sex: M\nPatient's Age: 085Y\n"
        "stable CXR since 6M; off Rx since 6M (same pt as MCUCXR_0113_1)"
    )
    assert parse_reading(text) == ("M", 85.0, "MCUCXR_0113")
