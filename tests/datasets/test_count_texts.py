import numpy as np

from cxrclf.datasets._count_texts import describe_shared, format_counts


def test_counts_are_sorted_by_name():
    assert format_counts(np.array(["b", "a", "b"])) == "'a' 1, 'b' 2"


def test_patients_in_several_parts():
    split = np.array(["train", "train", "test", "test", "val"])
    groups = np.array(["q", "p", "q", "r", "q"])
    text = describe_shared(split, groups)
    assert text == " Patients in more than one part (1): 'q'."
    assert describe_shared(split[:2], groups[:2]) == ""
