"""Sample sheets: images, their translations and their reconstructions in one image."""

import numpy as np
import torch

_COLUMNS = 8


def draw_sample_sheet(net, data):
    """Draw images of both classes with their translations.

    Parameters
    ----------
    net : CycleGANNet
    data : UnpairedImages

    Returns
    -------
    ndarray of shape (6 H, k W) or (6 H, k W, 3) of uint8
        Rows: images of the source class, their translation, the translation back; the
        same for the target class.
    """
    strips = []
    for direction in (0, 1):
        n = min(len(data.keys[direction]), _COLUMNS)
        images = data.take(direction, np.arange(n))
        translated = net.translate(direction, images)
        restored = net.translate(1 - direction, translated)
        for row in (images, translated, restored):
            blank = -torch.ones_like(row[:1]).expand(_COLUMNS - n, -1, -1, -1)
            strips.append(torch.cat([*torch.cat([row, blank])], dim=2))
    sheet = torch.cat(strips, dim=1).movedim(0, -1).float().cpu().numpy()
    sheet = ((sheet + 1) * 127.5).round().clip(0, 255).astype(np.uint8)
    return sheet[..., 0] if sheet.shape[-1] == 1 else sheet
