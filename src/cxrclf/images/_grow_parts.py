"""Split rows into parts that grow."""

_FIRST = 64  # smallest number of rows in the first part


def grow_parts(n: int, largest: int) -> list[slice]:
    """Split rows into parts for two steps that work on different parts at once.

    A small first part lets the second step start early. Large parts have fewer ends, at
    which threads wait for each other. So the parts double in size, up to `largest`.

    Parameters
    ----------
    n : int
        Number of rows.
    largest : int
        Number of rows per part. The first part has `largest` rows, divided by 2, 4, 8
        or 16 if the quotient is an integer of at least 64. The last part has up to
        twice as many rows, so that no part has only a few.

    Returns
    -------
    list of slice
        Consecutive slices of the rows.
    """
    size = largest
    while size % 2 == 0 and size // 2 >= max(_FIRST, largest / 16):
        size //= 2
    parts, start = [], 0
    while start < n:
        stop = n if n - start < 2 * size else start + size
        parts.append(slice(start, stop))
        start, size = stop, min(2 * size, largest)
    return parts
