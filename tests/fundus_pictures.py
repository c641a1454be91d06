"""Pictures that look like fundus photographs: a disc with vessels and a nerve head on a border."""

import numpy as np
from PIL import Image

COLOUR = np.array([190.0, 105.0, 60.0])


def fundus_picture(
    rows=200,
    columns=240,
    *,
    x=None,
    y=None,
    radius=85.0,
    brightness=1.0,
    border=0,
    noise=1.0,
    head_x=-0.55,
    notch=False,
    seed=0,
):
    """Uint8 (rows, columns, 3); `x`, `y`, `radius` in pixels, the nerve head in radii.

    The rim is smooth over a pixel, and everything is drawn in coordinates of the disc, so that
    moving or scaling the disc moves or scales the picture.
    """
    x = columns / 2 if x is None else x
    y = rows / 2 if y is None else y
    row, column = np.mgrid[:rows, :columns] + 0.5
    u, v = (column - x) / radius, (row - y) / radius
    distance = np.hypot(u, v)
    retina = COLOUR * (1.05 - 0.25 * distance[..., None] ** 2)
    dark = np.zeros_like(u)
    for slope, bend in ((0.5, 0.7), (-0.5, 0.7), (1.1, 0.3), (-1.1, 0.3), (0.12, -0.5)):
        line = v - slope * np.sqrt(np.abs(u - head_x) + 0.01) * (1 - bend * 0.2 * u)
        dark = np.maximum(dark, 0.4 * np.exp(-((line / 0.025) ** 2)))
    retina = retina * (1 - dark[..., None] * np.array([0.3, 1.0, 0.8]))
    head = np.clip(1.6 - np.hypot(u - head_x, v) / 0.09, 0, 1)[..., None]
    retina = retina * (1 - 0.7 * head) + 0.7 * head * np.array([250.0, 225.0, 170.0])
    inside = np.clip((1 - distance) * radius + 0.5, 0, 1)
    if notch:
        sticks_out = (np.abs(np.arctan2(v, u) + np.pi / 4) < 0.06) & (distance < 1.06)
        inside = np.maximum(inside, sticks_out)
    picture = retina * brightness * inside[..., None] + border * (1 - inside[..., None])
    picture = picture + np.random.default_rng(seed).normal(0, noise, picture.shape)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def save(path, picture, **options):
    """Save an array as the format of the suffix; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, **options)
    return path


def write_folder(folder, people=3, **picture):
    """Left and right eye of some people, as PNG so that pixels are exact; returns the paths."""
    paths = []
    for person in range(people):
        for eye, side in (("left", -1), ("right", 1)):
            drawn = fundus_picture(
                head_x=side * 0.55, radius=70 + 4 * person, seed=10 * person + side + 1, **picture
            )
            paths.append(save(folder / f"P{person}_{eye}.png", drawn))
    return paths
