"""The modules of a network, grouped from input to output."""

import pytest
from torch import nn

from cxrclf.nets import make_backbone
from networks import MINIATURES, TIED, UNGROUPED, on_meta


@pytest.mark.parametrize(
    "name", [*MINIATURES, "densenet121", "vgg11_bn", TIED, UNGROUPED]
)
def test_stages_hold_every_module_and_parameter_once(name):
    backbone = on_meta(name)
    modules = [module for stage in backbone.stages() for module in stage]
    assert len(modules) == len(set(modules))
    assert set(modules) == set(backbone.model.modules())
    parameters = [p for m in modules for p in m.parameters(recurse=False)]
    assert {id(p) for p in parameters} == {id(p) for p in backbone.parameters()}
    for stage in backbone.stages():
        assert any(True for m in stage for _ in m.parameters(recurse=False))


@pytest.mark.parametrize(
    ("name", "n_stages", "first", "last"),
    [
        ("test_resnet", 5, "conv1", "layer4"),
        ("densenet121", 5, "features.conv0", "features.norm5"),
        ("efficientnet_b0", 8, "conv_stem", "conv_head"),
        ("resnetv2_50", 5, "stem.conv", "norm"),
        ("vgg16", 13, "features.0", "features.28"),
        ("test_vit", 7, "patch_embed.proj", "norm"),
        ("legacy_xception", 14, "conv1", "conv4"),
        ("nasnetalarge", 19, "conv0.conv", "cell_17"),
    ],
)
def test_stages_run_from_input_to_output(name, n_stages, first, last):
    backbone = on_meta(name)
    stages = backbone.stages()
    assert len(stages) == n_stages
    assert backbone.model.get_submodule(first) in stages[0]
    assert backbone.model.get_submodule(last) in stages[-1]


def test_modules_without_parameters_are_with_those_before_them():
    stages = on_meta("vgg11").stages()
    kinds = [[type(m) for m in stage] for stage in stages]
    assert kinds[-1].count(nn.Conv2d) == 1
    assert nn.ReLU in kinds[-1]
    assert nn.MaxPool2d in kinds[-1]


def test_position_embeddings_are_of_the_input():
    backbone = make_backbone("test_vit")
    first = [p for m in backbone.stages()[0] for p in m.parameters(recurse=False)]
    assert any(p is backbone.model.pos_embed for p in first)
