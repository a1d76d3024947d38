from cxrclf.audit._probe import PROBES, Probe


def test_only_probes_without_lungs_are_blind():
    assert {name for name, (_, is_blind) in PROBES.items() if is_blind} == {
        "metadata",
        "source",
        "border",
        "corners",
        "outside_lungs",
        "estimator_outside_lungs",
    }


def test_probes_share_no_columns():
    one, other = (Probe("corners", [[0]], None) for _ in range(2))
    one.columns["width"] = [1]
    assert other.columns == {}
