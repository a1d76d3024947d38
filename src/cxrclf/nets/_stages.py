"""Stages of a network: groups of its modules from input to output."""

import itertools

from timm.models._manipulate import group_with_matcher, named_modules_with_params


def group_stages(model):
    """Group the modules of a network into stages, from input to output.

    Parameters
    ----------
    model : torch.nn.Module
        Network of timm.

    Returns
    -------
    list of list of torch.nn.Module
        Modules of each stage, see :meth:`cxrclf.nets.Backbone.stages`.
    """
    numbers = _number_stages(model)
    stage_of = {module: numbers.get(name) for name, module in model.named_modules()}
    # Parameters of the network itself are class tokens and position embeddings, which
    # belong to the input.
    stage_of[model] = 0
    stages = [[] for _ in range(max(numbers.values(), default=0) + 1)]
    last = 0
    for module, number in stage_of.items():
        if number is None:
            # A module without parameters belongs to the last stage of the modules
            # inside it, or else to the stage of the module before it.
            inside = (stage_of[m] for m in module.modules())
            number = max((n for n in inside if n is not None), default=last)
        stages[number].append(module)
        last = number
    return stages


def _number_stages(model):
    """Map the name of each module with parameters to the number of its stage."""
    names = [name for name, _ in named_modules_with_params(model)]
    try:
        matcher = model.group_matcher(coarse=True)
    except (AttributeError, AssertionError):  # some networks of timm have no groups
        matcher = _match_children([name for name, _ in model.named_children()])
    # timm puts modules without a group into a stage of their own at the end. The probe
    # has no group, so its stage is this one; it is merged into the stage before it.
    probe = "unmatched"
    named = itertools.chain(((name, None) for name in names), [(probe, None)])
    numbers = group_with_matcher(named, matcher, reverse=True)
    unmatched = numbers.pop(probe)
    before = max(unmatched - 1, 0)
    return {k: before if n == unmatched else n for k, n in numbers.items()}


def _match_children(children):
    """Return a matcher that makes each child of the network a stage."""

    def matcher(name):
        child = name.partition(".")[0]
        return children.index(child) if child in children else len(children)

    return matcher
