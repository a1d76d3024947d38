"""Healthy chest of one synthetic patient, and its projection."""

import math
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from cxrclf.datasets._body_grid import NODES

_N_RIBS = 11


class Shadow(NamedTuple):
    """Projection of one chest onto the detector.

    Attributes
    ----------
    attenuation : ndarray of shape (height, width) of float32
        Attenuation without the vessels of the lungs, about 1 behind the heart.
    vessels : ndarray of shape (height, width) of float32
        Attenuation that the vessels of the lungs add.
    depth : ndarray of shape (height, width) of float32
        Relative thickness of lung that the beam crosses, in [0, 1], soft at the edges.
    lungs : ndarray of shape (height, width) of bool
        Lung fields, without heart, mediastinum and diaphragm.
    """

    attenuation: np.ndarray
    vessels: np.ndarray
    depth: np.ndarray
    lungs: np.ndarray


class Anatomy:
    """Random anatomy of the chest of one patient.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator of all lengths, thicknesses and vessels.
    """

    def __init__(self, rng):
        def around(mean, spread):
            return mean + spread * rng.uniform(-1, 1)

        self.apex = around(-0.76, 0.04)
        right_dome = around(0.40, 0.07)
        self.dome = np.array([right_dome, right_dome + around(0.05, 0.03)])
        self.half_width = around(0.72, 0.05)
        self.fullness = around(2.9, 0.5)
        self.flank = around(0.135, 0.055)
        self.mediastinum = around(0.125, 0.02)
        self.heart = around(0.27, 0.06)
        self.atrium = around(0.085, 0.025)
        self.hila = around(0.13, 0.04)
        self.knob = around(0.065, 0.03)
        self.lung_contrast = around(0.53, 0.12)
        self.bone = around(1.0, 0.3)
        self.breast = max(0.0, around(0.03, 0.12))
        self.stomach = around(0.45, 0.12), rng.uniform(0.08, 0.17), rng.random() < 0.6
        self.clavicle = around(-0.50, 0.04), around(0.24, 0.09), around(0.036, 0.006)
        self.rib_pitch = around(0.128, 0.01)
        self.rib_drop = around(0.20, 0.04)
        self.rib_shift = rng.uniform(-0.06, 0.06, (2, _N_RIBS))
        self.rib_width = rng.uniform(0.19, 0.25) * rng.uniform(0.9, 1.1, (2, _N_RIBS))
        self.shoulder = around(-0.86, 0.05)
        self.blade = around(0.72, 0.06)
        self.trachea = around(0.0, 0.015)
        self.vessels = _draw_vessels(rng)
        self._right, self._left = self._borders()

    def lung_point(self, side, across, down):
        """Return a point of the lungs in body coordinates.

        Parameters
        ----------
        side : {-1, 1}
            Right (-1) or left (1) lung of the patient.
        across : float in [0, 1]
            Position between the mediastinum (0) and the chest wall (1).
        down : float in [0, 1]
            Position between the apex (0) and the base (1).

        Returns
        -------
        (float, float)
            x and y in body coordinates.
        """
        # The lung reaches lowest in the corner between the dome and the chest wall.
        base = self.dome[int(side > 0)] + 0.12 * across
        y = self.apex + 0.05 + (base - self.apex - 0.05) * down
        medial, lateral = (
            np.interp(y, NODES, border)
            for border in (self._left if side > 0 else self._right)
        )
        return side * (medial + (lateral - medial) * across), y

    def shadow(self, grid):
        """Project the chest onto the pixels of `grid`, as a `Shadow`."""
        aside = np.abs(grid.x)
        medial = grid.along_y_by_side(self._right[0], self._left[0])
        lateral = grid.along_y_by_side(self._right[1], self._left[1])
        floor = grid.along_x(self._diaphragm())
        lungs = (aside > medial) & (aside < lateral) & (grid.y < floor)
        inside = _ramp(aside - medial, 0.05) * _ramp(lateral - aside, 0.06)
        inside *= _ramp(floor - grid.y, 0.025)
        center = (aside - medial) / np.maximum(lateral - medial, 0.05) - 0.55
        depth = inside * (1.08 - 0.9 * center * center)
        depth *= grid.along_y(1.0 - 0.12 * NODES)

        attenuation = self._trunk(grid) - np.float32(self.lung_contrast) * depth
        attenuation += self._mediastinum(grid, aside, medial)
        attenuation += self._ribs(grid, aside, lateral)
        attenuation += self._soft_shadows(grid, aside, floor)
        attenuation *= self._body(grid, aside)
        return Shadow(attenuation, self._vessels(grid) * depth, depth, lungs)

    def _borders(self):
        """Return (medial, lateral) of the right and of the left lung at `NODES`."""
        y = NODES
        along = np.clip((y - self.apex) / (0.25 - self.apex), 0, 1)
        # The square root makes the apex round. Below the widest rib, the wall bends
        # inwards.
        wall = self.half_width * np.sqrt(1 - (1 - along) ** self.fullness)
        wall -= 0.10 * np.clip(y - 0.25, 0, 1) ** 2
        flare = 0.20 * _bump(y, self.apex - 0.04, 0.12)
        right = self.mediastinum + self.atrium * _bump(y, 0.18, 0.2) + flare
        right += 0.02 * _bump(y, -0.35, 0.12)
        left = self.mediastinum + self.knob * _bump(y, -0.33, 0.07) + flare
        left += 0.03 * _bump(y, -0.14, 0.09)
        ventricle = np.where(y < 0.3, _bump(y, 0.3, 0.24), _bump(y, 0.3, 0.5))
        left += self.heart * ventricle
        return (right, wall), (left, wall * 0.985)

    def _diaphragm(self):
        """Return the y coordinate of the diaphragm at `NODES`."""
        top = np.where(NODES > 0, self.dome[1], self.dome[0])
        away = np.abs(np.abs(NODES) - 0.36) / 0.38
        return top + np.where(np.abs(NODES) > 0.36, 0.23, 0.12) * away**2.4

    def _body(self, grid, aside):
        """Return a factor that is 0 in the air around neck, shoulders and flanks."""
        neck = 0.27 + 0.12 * _bump(NODES, -1.6, 0.5)
        slope = np.clip((NODES - self.shoulder) / 0.16, 0, 1)
        chest = self.half_width + self.flank
        arms = 1.5 / (1 + np.exp((NODES + 0.22) / 0.07))
        width = neck + slope**1.5 * (chest - neck + arms)
        away = np.maximum(1 - aside / grid.along_y(width), 0)
        return np.minimum(np.sqrt(away * 9), 1)

    def _trunk(self, grid):
        """Return soft tissue, thick at the midline and in the abdomen."""
        across = 1 - 0.36 * np.clip(np.abs(NODES) / 0.95, 0, 1.2) ** 2.2
        down = 0.86 + 0.16 / (1 + np.exp(-(NODES - self.dome.mean()) / 0.10))
        down += 0.06 * np.clip(NODES, -1, 1)
        down -= 0.22 / (1 + np.exp((NODES - self.shoulder - 0.1) / 0.06))
        return grid.along_x(across) * grid.along_y(down)

    def _mediastinum(self, grid, aside, medial):
        """Return mediastinum, hila, spine and trachea."""
        x, y = NODES, NODES
        middle = 0.14 * _ramp(medial - aside, 0.10)
        middle *= grid.along_y(0.25 + 0.75 * _bump(y, 0.22, 0.4))
        for side, level in ((-1, -0.05), (1, -0.10)):
            hilum = grid.along_x(_bump(x, side * 0.21, 0.09))
            middle += self.hila * hilum * grid.along_y(_bump(y, level, 0.14))
        discs = 0.45 + 0.55 * np.clip(np.sin(2 * np.pi * y / 0.115) * 2 + 1.2, 0, 1)
        column = _ramp_table(0.085 - np.abs(x), 0.03)
        spine = grid.along_x(column) * grid.along_y(discs)
        middle += np.float32(0.085 * self.bone) * spine
        tube = _bump(x - self.trachea, 0.0, 0.035)
        middle -= 0.15 * grid.along_x(tube) * grid.along_y(_ramp_table(-0.27 - y, 0.12))
        return middle

    def _ribs(self, grid, aside, lateral):
        """Return posterior ribs, fainter anterior ribs, and clavicles."""
        across = np.minimum(aside / np.maximum(lateral, 0.12), 1.25)
        square = across * across
        side = (grid.x > 0).astype(np.int32)
        arch = np.float32(self.rib_drop) * square * square - 0.22 * (across - square)
        at = (grid.y - arch - np.float32(self.apex - 0.02)) / np.float32(self.rib_pitch)
        rim = 0.75 + 0.55 * square * square
        shadow = self._arcs(at, side) * rim * _ramp(1.045 - across, 0.03)
        shadow *= 0.21 * _ramp(aside - 0.075, 0.05)
        fall = 0.30 + np.float32(0.45) * (1 - across) ** 2 + 0.10 * (1 - across)
        at = (grid.y - fall - np.float32(self.apex + 0.05)) / np.float32(self.rib_pitch)
        front = self._arcs(at, side) * _ramp(1.02 - across, 0.04)
        shadow += 0.085 * front * np.clip((across - 0.38) * 3, 0, 1)

        height, rise, half = self.clavicle
        bow = height - rise * np.abs(NODES) + 0.035 * np.sin(np.abs(NODES) * 7)
        off = np.abs(grid.y - grid.along_x(bow)) / np.float32(half)
        collar = np.clip((1 - off) * 3, 0, 1) * (0.75 + 0.25 * off)
        collar *= grid.along_x(_ramp_table(np.abs(NODES) - 0.09, 0.04))
        shadow += 0.17 * collar
        return np.float32(self.bone) * shadow

    def _arcs(self, at, side):
        """Return the profile of ribs with their centers at whole values + 1/2."""
        number = np.floor(at)
        rib = np.clip(number, 0, _N_RIBS - 1).astype(np.int32) + side * _N_RIBS
        off = np.abs(at - number - 0.5 - self.rib_shift.astype(np.float32).take(rib))
        half = self.rib_width.astype(np.float32).take(rib)
        off /= half
        # Cortical bone makes the edges of a rib brighter than its middle.
        profile = np.clip((1 - off) * 3.5, 0, 1) * (0.62 + 0.38 * off * off)
        return profile * ((number >= 0) & (number < _N_RIBS))

    def _soft_shadows(self, grid, aside, floor):
        """Return breasts, shoulder blades, upper arms and the gas in the stomach."""
        shadow = np.float32(self.breast) * (
            grid.along_x(_bump(np.abs(NODES), 0.42, 0.2))
            * grid.along_y(_bump(NODES, 0.28, 0.17))
        )
        blade = grid.along_x(_ramp_table(np.abs(NODES) - self.blade, 0.04))
        shadow += 0.09 * blade * grid.along_y(_bump(NODES, -0.36, 0.2))
        # The head of the upper arm, round and with a bright rim.
        away = ((aside - 0.98) / 0.17) ** 2 + ((grid.y + 0.60) / 0.17) ** 2
        shadow += np.clip((1 - away) * 3, 0, 0.08) + 0.03 * away * (away < 1)
        across, size, bubble = self.stomach
        if bubble:
            away = ((grid.x - across) / (1.5 * size)) ** 2
            away += ((grid.y - floor - 1.2 * size) / size) ** 2
            gas = np.clip((1 - away) * 1.6, 0, 1)
            shadow -= 0.2 * gas * _ramp(grid.y - floor - 0.035, 0.03)
        return shadow

    def _vessels(self, grid):
        """Draw the vessels at twice the size and reduce it, for smooth edges."""
        height, width = grid.image_size
        canvas = Image.new("L", (2 * width, 2 * height))
        pen = ImageDraw.Draw(canvas)
        start = grid.to_pixels(self.vessels[:, 0], self.vessels[:, 1])
        end = grid.to_pixels(self.vessels[:, 2], self.vessels[:, 3])
        lines = (2 * np.column_stack([*start, *end])).tolist()
        widths = 2 * self.vessels[:, 4] / grid.pixel
        # A line thinner than one pixel is drawn one pixel wide with less intensity.
        ink = self.vessels[:, 5] * np.clip(widths, 0.3, 1)
        for line, breadth, shade in zip(lines, widths, ink, strict=True):
            pen.line(line, fill=int(255 * shade), width=max(1, round(breadth)))
        drawn = np.asarray(canvas.reduce(2), dtype=np.float32)
        return np.float32(0.17 / 255) * drawn


def _draw_vessels(rng):
    """Return the vessels of both lungs as rows x0, y0, x1, y1, width, strength."""
    segments = []
    for side in (-1, 1):
        hilum = 0.15 + (0.02 if side > 0 else 0.0), -0.06 - 0.04 * (side > 0)
        angles = np.linspace(-1.25, 1.45, 8) + rng.uniform(-0.2, 0.2, 8)
        starts = hilum[1] + 0.10 * np.sin(angles)
        stems = [
            (hilum[0], y, a, 0.034, 0) for y, a in zip(starts, angles, strict=True)
        ]
        while stems:
            x, y, angle, width, age = stems.pop()
            for turn in rng.normal(0, 0.24, 6 - age):
                angle += turn
                step = 0.06 - 0.01 * age
                x1, y1 = x + step * math.cos(angle), y + step * math.sin(angle)
                segments.append((side * x, y, side * x1, y1, width, 0.2 + 24 * width))
                x, y, width = x1, y1, width * 0.82
                if age < 2 and abs(turn) > 0.11:
                    fork = angle - math.copysign(0.35 + abs(turn), turn)
                    stems.append((x, y, fork, width * 0.75, age + 1))
    vessels = np.array(segments)
    vessels[:, 5] = np.minimum(vessels[:, 5], 1)
    return vessels[np.argsort(vessels[:, 4], kind="stable")]


def _ramp(distance, width):
    """Return 0 outside and 1 inside, with a linear ramp of `width` at the edge."""
    return np.clip(distance * np.float32(1 / width) + np.float32(0.5), 0, 1)


def _ramp_table(distance, width):
    """Return `_ramp` of a table at `NODES`, in the precision of the table."""
    return np.clip(distance / width + 0.5, 0, 1)


def _bump(values, center, spread):
    """Return a Gaussian bump of height 1."""
    return np.exp(-(((values - center) / spread) ** 2))
