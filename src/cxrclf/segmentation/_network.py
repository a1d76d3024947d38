"""Make the U-Net of a segmenter."""

from cxrclf.nets import FeatureEncoder, PlainEncoder, UNet, UNetDecoder, make_backbone

_CLASSIC_WIDTH = 32
_DECODER_WIDTH = 16


def make_unet(
    encoder,
    *,
    weights,
    depth,
    width,
    batch_norm,
    upsampling,
    in_channels,
    n_classes,
    image_size,
):
    """Make the classic U-Net, or a U-Net with an encoder of timm.

    Parameters
    ----------
    encoder : str or None
        Name of the encoder. None makes the classic U-Net.
    weights, depth, width, batch_norm, upsampling
        As in :class:`~cxrclf.UNetSegmenter`.
    in_channels : int
        Number of channels of the images.
    n_classes : int
        Number of classes. Two classes have a single output, for the object.
    image_size : (int, int)
        Height and width in pixels.

    Returns
    -------
    UNet
    """
    if encoder is None:
        width = _CLASSIC_WIDTH if width is None else width
        path = PlainEncoder(
            depth,
            width,
            batch_norm=batch_norm,
            in_channels=in_channels,
            image_size=image_size,
        )
    else:
        width = _DECODER_WIDTH if width is None else width
        path = FeatureEncoder(
            make_backbone(
                encoder, weights=weights, in_channels=in_channels, image_size=image_size
            )
        )
    decoder = UNetDecoder(
        path.channels,
        path.reductions,
        1 if n_classes == 2 else n_classes,
        width=width,
        batch_norm=batch_norm,
        upsampling=upsampling,
    )
    normalization = "unit" if encoder is None else "backbone"
    return UNet(path, decoder, normalization=normalization)
