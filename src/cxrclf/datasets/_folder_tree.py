"""Walk through a folder and the folders that its links point to."""

import os
import stat
from contextlib import suppress
from pathlib import Path

_NOT_DATA = {"__macosx", "thumbs.db"}


def is_data(name):
    """Return whether a file or folder of this name can be part of a data set."""
    return not name.startswith(".") and name.lower() not in _NOT_DATA


class FolderTree:
    """Files below a folder, with the files and folders that are no data.

    Links to files and folders are followed. Each folder is listed once, also if several
    links point to it. Links to the folder itself or to a folder above it are not
    followed, because they would lead in a circle.

    Parameters
    ----------
    root : path-like
        Folder to walk through. It may be a link.
    is_mask_folder : callable, default=None
        Function from the name of a folder to whether it is skipped as a folder of
        masks. By default no folder is skipped.

    Attributes
    ----------
    files : dict of str to (int or None)
        Path of each regular file, with the inode number in its folder, in no particular
        order. Links to files have None.
    special : list of str
        Pipes, sockets and devices.
    hidden : list of str
        Hidden files and folders, ``__MACOSX`` and ``Thumbs.db``.
    masks : list of str
        Folders of masks, which are skipped.
    repeated : list of str
        Folders, mostly links, that are listed already or would lead in a circle.
    broken : list of str
        Links to nothing, and links that point to each other.
    errors : dict of str to OSError
        Folders that cannot be listed.
    """

    def __init__(self, root, is_mask_folder=None):
        self.files = {}
        self.special = []
        self.hidden = []
        self.masks = []
        self.repeated = []
        self.broken = []
        self.errors = {}
        self._is_mask_folder = is_mask_folder or (lambda name: False)
        self._links = []
        self._known = set()
        # As in pathlib, the paths below "." do not begin with "./".
        root = os.fspath(Path(root))
        self._root = "" if root == os.curdir else root
        self._walk(self._root)
        while self._links:
            # The folders of links can contain more links.
            links, self._links = sorted(self._links), []
            for path in links:
                self._follow(path)

    def _walk(self, folder):
        """Add the files of a folder and of its real subfolders."""
        stack = [folder]
        while stack:
            folder = stack.pop()
            try:
                if self._enter(os.stat(folder or os.curdir)):
                    stack += self._scan(folder)
                else:
                    self.repeated.append(folder)
            except OSError as error:
                self.errors[folder] = error

    def _enter(self, status):
        """Return whether a folder is new, and remember it."""
        key = status.st_dev, status.st_ino
        if key in self._known:
            return False
        self._known.add(key)
        return True

    def _scan(self, folder):
        """Add the files of one folder, and return its real subfolders."""
        subfolders = []
        with os.scandir(folder or os.curdir) as entries:
            for entry in entries:
                path = os.path.join(folder, entry.name)
                if not is_data(entry.name):
                    self.hidden.append(path)
                elif entry.is_symlink():
                    self._links.append(path)
                elif entry.is_dir():
                    if self._is_mask_folder(entry.name):
                        self.masks.append(path)
                    else:
                        subfolders.append(path)
                elif entry.is_file():
                    self.files[path] = entry.inode()
                else:
                    self.special.append(path)
        return subfolders

    def _follow(self, path):
        try:
            status = os.stat(path)
        except PermissionError as error:
            self.errors[path] = error
            return
        except OSError:
            self.broken.append(path)
            return
        if stat.S_ISREG(status.st_mode):
            self.files[path] = None
        elif not stat.S_ISDIR(status.st_mode):
            self.special.append(path)
        elif self._is_mask_folder(os.path.basename(path)):
            self.masks.append(path)
        elif is_above(status, self._root):
            self.repeated.append(path)
        else:
            self._walk(path)


def is_above(status, folder):
    """Return whether a folder contains another one.

    Parameters
    ----------
    status : os.stat_result
        Status of the first folder.
    folder : path-like
        Path of the second folder.
    """
    for parent in Path(os.path.realpath(folder)).parents:
        with suppress(OSError):
            if os.path.samestat(status, os.stat(parent)):
                return True
    return False
