"""The modules of a network, grouped from input to output."""

import itertools

from timm.models._manipulate import group_with_matcher, named_modules_with_params


def stages_of(model):
    """Group the modules of a network of timm in order from input to output.

    Parameters
    ----------
    model : torch.nn.Module

    Returns
    -------
    list of list of torch.nn.Module
        See :meth:`cxrclf.nets.Backbone.stages`.
    """
    numbers = _numbers(model)
    stage_of = {module: numbers.get(name) for name, module in model.named_modules()}
    # Its own parameters are tokens and position embeddings: the input's.
    stage_of[model] = 0
    stages = [[] for _ in range(max(numbers.values(), default=0) + 1)]
    last = 0
    for module, number in stage_of.items():
        if number is None:  # no parameters: with those inside, or those before
            inside = (stage_of[m] for m in module.modules())
            number = max((n for n in inside if n is not None), default=last)
        stages[number].append(module)
        last = number
    return stages


def _numbers(model):
    """Return the number of the stage of each module with parameters, by its name."""
    names = [name for name, _ in named_modules_with_params(model)]
    try:
        matcher = model.group_matcher(coarse=True)
    except (AttributeError, AssertionError):  # some of timm's networks have none
        matcher = _by_child([name for name, _ in model.named_children()])
    probe = "unmatched"
    named = itertools.chain(((name, None) for name in names), [(probe, None)])
    numbers = group_with_matcher(named, matcher, reverse=True)
    unmatched = numbers.pop(probe)
    before = max(unmatched - 1, 0)
    return {k: before if n == unmatched else n for k, n in numbers.items()}


def _by_child(children):
    """Return a matcher for which each child of the network is a stage."""

    def matcher(name):
        child = name.partition(".")[0]
        return children.index(child) if child in children else len(children)

    return matcher
