import numpy as np

from cxrclf.audit._probe import PROBES, Probe


def test_only_probes_without_lungs_are_blind():
    blind = {name for name in PROBES if Probe(name, np.zeros((1, 1)), None).is_blind}
    assert blind == {
        "metadata",
        "source",
        "border",
        "corners",
        "outside_lungs",
        "estimator_outside_lungs",
    }
    probe = Probe("corners", np.zeros((1, 1)), None)
    assert probe.sees == "the four corners of the image"
    assert probe.columns == {}
