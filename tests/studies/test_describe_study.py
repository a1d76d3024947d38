"""The text of a study names its networks and settings."""

from imblearn.pipeline import make_pipeline
from sklearn.dummy import DummyClassifier

from cxrclf import CXRClassifier, DualBackboneConcat
from cxrclf.optimizers import Optimizer
from cxrclf.preprocessing import CLAHE
from cxrclf.sampling import PhasedClassifier
from cxrclf.studies import Study
from cxrclf.studies._describe_study import describe_study, list_settings


def test_settings_are_found_inside_meta_classifiers():
    net = CXRClassifier("vgg16", learning_rate=0.0003, batch_size=7, max_epochs=9)
    for estimator in (net, PhasedClassifier(net), make_pipeline(CLAHE(), net)):
        found = list_settings(estimator)
        assert found["backbone"] == "vgg16"
        assert found["learning rate"] == "0.0003"
        assert (found["batch"], found["epochs"]) == ("7", "9")
        assert found["pixels"] == ""
    dual = DualBackboneConcat(("xception", "resnet50v2"), image_size=(300, 200))
    assert list_settings(dual)["backbone"] == "xception + resnet50v2"
    assert list_settings(dual)["pixels"] == "300 × 200"
    assert set(list_settings(DummyClassifier()).values()) == {""}


def test_all_parts_of_a_study_are_described():
    study = Study(
        "own",
        {"VGG16": CXRClassifier("vgg16", optimizer=Optimizer("sgd"))},
        4,
        title="A title",
        reference="A. Author, " + 12 * "a long title ",
        classes=["covid", "normal"],
        schemes={"2": {"covid": "c", "normal": "n"}},
        preprocessing=CLAHE(),
        validation=0.25,
        protocol={"folds": "Four folds."},
        chosen=["The seed."],
        faithful=Study("own", {"VGG16": CXRClassifier()}, leaks=["Copies."]),
    )
    text = describe_study(study)
    assert text.startswith("A title\n=======\n")
    for part in (
        "Classes: covid, normal",
        "Scheme '2': covid -> c, normal -> n",
        "Folds: 4",
        "Validation set: 0.25",
        "Preprocessing: CLAHE()",
        "The publication states:\nfolds: Four folds.",
        "Chosen here:\n- The seed.",
        "has these leaks:\n- Copies.",
    ):
        assert part in text
    assert max(map(len, text.splitlines())) <= 88
    assert "leaks" not in describe_study(Study("own", {"D": DummyClassifier()}))
