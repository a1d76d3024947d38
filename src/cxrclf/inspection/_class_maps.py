"""Maps of classes from the last feature map of a network: CAM and Grad-CAM."""

import torch
from torch.nn.functional import relu

from cxrclf._torch.device import upload
from cxrclf.nets import ConcatBackbone

GRADIENT_METHODS = ("gradcam", "gradcam++", "cam")


def check_class_maps(module, method, branch):
    """Raise an error if a network has no map of classes by this method.

    Parameters
    ----------
    module : ClassificationNetwork
    method : {"gradcam", "gradcam++", "cam", "scorecam"}
    branch : int or None
        Number of the backbone.
    """
    if branch is not None:
        body = module.backbone
        n = len(body.branches) if isinstance(body, ConcatBackbone) else 1
        if n == 1 or not 0 <= branch < n:
            raise ValueError(
                f"branch={branch!r}, but the classifier has {n} backbone"
                f"{'s' if n > 1 else ''}. "
                + (f"Use 0 to {n - 1}, or None." if n > 1 else "Leave branch=None.")
            )
    if method == "cam" and not _is_linear(module.head, branch):
        raise ValueError(
            "CAM is defined for a linear output layer on the averages of a feature "
            'map. This network has hidden_units, pooling="flatten", or a ReLU after '
            'the map of a branch. Use method="gradcam".'
        )


def class_maps(module, pixels, codes, method, branch=None):
    """Compute the maps of classes of a batch.

    Only the head is differentiated. Its input is the last feature map, which is cut
    from the body. So the body may be frozen, no parameter gets a gradient, and no hook
    is needed.

    Parameters
    ----------
    module : ClassificationNetwork
        Network in inference mode.
    pixels : Tensor of shape (b, C, H, W)
        Floats in [0, 1].
    codes : ndarray of shape (b,) of int, None or "all"
        Class of each image. None stands for the class with the largest output.
    method : {"gradcam", "gradcam++", "cam"}
        Method, see :func:`~cxrclf.inspection.saliency_maps`.
    branch : int, default=None
        Number of the backbone that the map belongs to. None stands for the map that
        the head averages or flattens.

    Returns
    -------
    Tensor of shape (b, h, w), or (b, n_classes, h, w) for all classes
        Maps at the size of the feature map.
    """
    maps, classify, weight = _last_map(module, pixels, branch)
    _check_cells(maps, module, pixels)
    maps = maps.detach().requires_grad_()
    with torch.enable_grad():
        logits = classify(maps)
    n = logits.shape[1]
    if isinstance(codes, str):
        targets = [torch.full_like(logits[:, 0], c, dtype=torch.long) for c in range(n)]
    elif codes is None:
        targets = [logits.argmax(1)]
    else:
        targets = [upload(torch.from_numpy(codes), logits.device)]
    found = []
    for target in targets:
        if method == "cam":
            found.append(torch.einsum("bk,bkhw->bhw", weight[target], maps.detach()))
            continue
        with torch.enable_grad():
            chosen = logits.gather(1, target[:, None]).sum()
        (gradient,) = torch.autograd.grad(chosen, maps, retain_graph=True)
        found.append(_MAPS[method](maps.detach(), gradient))
    return torch.stack(found, 1) if isinstance(codes, str) else found[0]


def last_maps(module, pixels, branch=None):
    """Compute the feature maps that the maps of classes are sums of.

    Parameters
    ----------
    module : ClassificationNetwork
    pixels : Tensor of shape (b, C, H, W)
    branch : int, default=None

    Returns
    -------
    Tensor of shape (b, c, h, w)
    """
    maps = _last_map(module, pixels, branch)[0]
    _check_cells(maps, module, pixels)
    return maps


def _check_cells(maps, module, pixels):
    """Raise an error if a feature map has a single cell."""
    if maps.shape[2:] == (1, 1):
        height, width = pixels.shape[2:]
        raise ValueError(
            f"The feature map of {module.backbone.name} has a single cell for images "
            f"of {height}×{width} px, so that it has no saliency map. Train with a "
            'larger image_size, or use method="occlusion" or "lime".'
        )


def _last_map(module, pixels, branch):
    """Return a feature map, the function from it to the logits, and CAM's weights."""
    body, head = module.backbone, module.head
    dtype = head.output.weight.dtype
    with torch.no_grad():
        if branch is None:
            maps = head.last_map(module.feature_map(pixels))
            return maps, head.classify_map, head.output.weight.detach()
        parts = [
            network(part).to(dtype)
            for network, part in zip(body.branches, body.pixels(pixels), strict=True)
        ]

    def classify(own):
        return head(body.join([*parts[:branch], own, *parts[branch + 1 :]]))

    weight = head.output.weight.detach()
    if head.has_pointwise and _is_linear(head, branch):
        weight = weight @ head.pointwise.weight.detach()[:, :, 0, 0]
    first = sum(part.shape[1] for part in parts[:branch])
    weight = weight[:, first : first + parts[branch].shape[1]]
    return parts[branch], classify, weight


def _is_linear(head, branch):
    """Return whether the logits are linear in the averages of the map."""
    relu_follows = branch is not None and head.has_pointwise and head.pointwise_relu
    return not head.has_hidden and head.flatten_size is None and not relu_follows


def _grad_cam(maps, gradient):
    weights = gradient.mean((2, 3))
    return relu(torch.einsum("bk,bkhw->bhw", weights, maps))


def _grad_cam_plus_plus(maps, gradient):
    # The score is exp(logit), so that all derivatives are powers of the gradient.
    # exp(logit) itself is a positive factor of the whole map, and is left out. The
    # method is defined for activations after a ReLU. With other activations a channel
    # may have a negative sum, and the denominator would be close to 0 by chance.
    square = gradient**2
    total = maps.sum((2, 3), keepdim=True).clamp(min=0)
    denominator = 2 * square + total * gradient**3
    alpha = torch.where(denominator == 0, 0, square / denominator)
    weights = (alpha * relu(gradient)).sum((2, 3))
    return relu(torch.einsum("bk,bkhw->bhw", weights, maps))


_MAPS = {"gradcam": _grad_cam, "gradcam++": _grad_cam_plus_plus}
