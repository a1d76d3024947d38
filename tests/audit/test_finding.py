import pytest

from cxrclf.audit import Finding


def test_text_has_kind_and_message():
    assert str(Finding("drift", "darker", "Images are darker.")) == (
        "drift: Images are darker."
    )


def test_unknown_kind():
    with pytest.raises(ValueError, match="kind must be one of .*'leakage'.* 'leak'"):
        Finding("leak", "a", "b")
