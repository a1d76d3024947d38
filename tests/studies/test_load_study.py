"""Published studies by name."""

import pytest

from cxrclf.studies import Study, list_studies, load_study


def test_names_are_sorted_and_a_new_list():
    names = list_studies()
    assert names == sorted(names)
    names.clear()
    assert len(list_studies()) == 5


@pytest.mark.parametrize("name", list_studies())
def test_each_study_has_its_name_its_choices_and_a_faithful_variant(name):
    study = load_study(name)
    assert isinstance(study, Study)
    assert study.name == name
    assert study.title
    assert study.chosen
    assert study.faithful.leaks
    assert not study.leaks
    assert {score.network for score in study.published} <= study.networks.keys()


def test_an_unknown_name_is_an_error_with_all_names():
    with pytest.raises(ValueError, match="No study 'makris'.*'makris2020'"):
        load_study("makris")
