"""Draw a radiograph."""


def draw_image(ax, image):
    """Draw a gray image, from its darkest pixel in black to its brightest in white.

    Parameters
    ----------
    ax : Axes of matplotlib
    image : ndarray of shape (H, W)

    Returns
    -------
    tuple of float
        Extent of the image: left, right, bottom and top in pixels. Maps of any size
        cover the image if they are drawn with this extent.
    """
    height, width = image.shape
    ax.imshow(image, cmap="gray")
    ax.set(xticks=[], yticks=[])
    return -0.5, width - 0.5, height - 0.5, -0.5
