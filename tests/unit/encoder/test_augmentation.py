"""Views: what an affine window shows, and that they depend on seed and step alone."""

import pytest
import torch

from igwas.encoder.augmentation import (
    Augmentation,
    cut_windows,
    fixed_windows,
    generator_of,
    jitter_colours,
    mirror_windows,
    random_windows,
)
from igwas.encoder.options import TrainOptions


def ramp(size):
    """Red rises to the right, green downwards, from -1 to 1 as affine grids count."""
    axis = (torch.arange(size) + 0.5) / size * 2 - 1
    x, y = axis[None].expand(size, size), axis[:, None].expand(size, size)
    return torch.stack([x, y, torch.zeros_like(x)])[None]


def test_the_whole_window_is_the_image():
    images = torch.rand(2, 3, 16, 16)
    windows = fixed_windows([(0, 1)]).expand(2, 2, 3)
    assert torch.allclose(cut_windows(images, windows, 16), images, atol=1e-6)


def test_a_window_shows_its_share_of_the_image():
    found = cut_windows(ramp(64), fixed_windows([(0, 0.5)]), 32)
    assert float(found[0, 0].max()) == pytest.approx(0.5, abs=0.05)
    assert float(found[0, 0].min()) == pytest.approx(-0.5, abs=0.05)


def test_a_rotation_by_90_degrees_turns_the_image():
    images = torch.rand(1, 3, 16, 16)
    found = cut_windows(images, fixed_windows([(90, 1)]), 16)
    assert torch.allclose(found, torch.rot90(images, -1, (2, 3)), atol=1e-4) or torch.allclose(
        found, torch.rot90(images, 1, (2, 3)), atol=1e-4
    )


def test_random_windows_keep_to_their_ranges():
    options = TrainOptions(rotation_degrees=15, window_low=0.75, window_high=1.0, shift=0.08)
    windows = random_windows(2000, options, generator_of(0, 1, 0))
    side = windows[:, :, 0].norm(dim=1)
    angle = torch.rad2deg(torch.atan2(windows[:, 1, 0], windows[:, 0, 0]))
    assert 0.75 <= float(side.min()) < 0.76
    assert 0.99 < float(side.max()) <= 1.0
    assert 14.5 < float(angle.abs().max()) <= 15.0
    room = (1 - side).clamp(min=0.08)
    assert (windows[:, :, 2].abs() <= room[:, None] + 1e-6).all()


def test_the_views_of_a_step_do_not_depend_on_how_people_are_shared():
    augmentation = Augmentation(TrainOptions(image_size_px=16, colour_jitter=0.2))
    pairs = torch.rand(6, 2, 3, 27, 27)
    whole = augmentation.views(pairs, 5, slice(0, 6), 6)
    parts = [augmentation.views(pairs[s], 5, s, 6) for s in (slice(0, 2), slice(2, 6))]
    assert torch.allclose(torch.cat(parts), whole, atol=1e-6)
    assert not torch.allclose(augmentation.views(pairs, 6, slice(0, 6), 6), whole, atol=1e-2)


def test_the_two_views_of_one_image_differ():
    augmentation = Augmentation(TrainOptions(image_size_px=16))
    image = torch.rand(1, 1, 3, 27, 27).expand(1, 2, 3, 27, 27)
    views = augmentation.views(image, 0, slice(0, 1), 1)
    assert not torch.allclose(views[0, 0], views[0, 1], atol=1e-2)


def test_colour_jitter_without_draws_changes_nothing_and_stays_in_range():
    images = torch.rand(2, 3, 8, 8).clamp(1e-3, 1)
    assert torch.allclose(jitter_colours(images, torch.zeros(2, 6), 0.5), images, atol=1e-6)
    strong = jitter_colours(images, torch.ones(2, 6), 1.0)
    assert 0 <= float(strong.min()) <= float(strong.max()) <= 1


STILL = {"rotation_degrees": 0.0, "window_low": 1.0, "shift": 0.0, "image_size_px": 16}


def views_of(n_people, **options):
    """Views of pairs that are one image twice, and that image at the views' size."""
    torch.manual_seed(1)
    images = torch.rand(n_people, 1, 3, 16, 16) * 0.6 + 0.2
    pairs = images.expand(n_people, 2, 3, 16, 16)
    augmentation = Augmentation(TrainOptions(**STILL, **options))
    return augmentation.views(pairs, 0, slice(0, n_people), n_people), images[:, 0]


@pytest.mark.parametrize(("flips", "axes"), [((-1, 1), (3,)), ((1, -1), (2,)), ((-1, -1), (2, 3))])
def test_mirrored_windows_show_the_mirrored_image(flips, axes):
    images = torch.rand(1, 3, 16, 16)
    windows = random_windows(1, TrainOptions(), generator_of(0, 1, 0))
    found = cut_windows(images, mirror_windows(windows, torch.tensor([flips])), 16)
    assert torch.allclose(found, cut_windows(images.flip(axes), windows, 16), atol=1e-5)


def test_both_images_of_a_pair_are_mirrored_alike_and_people_are_not():
    views, images = views_of(40, pair_flips=True)
    assert torch.allclose(views[:, 0], views[:, 1], atol=1e-6)
    kinds = {(): 0, (2,): 0, (1,): 0, (1, 2): 0}
    for view, image in zip(views[:, 0], images, strict=True):
        shown = [axes for axes in kinds if torch.allclose(view, image.flip(axes), atol=1e-5)]
        assert len(shown) == 1
        kinds[shown[0]] += 1
    assert min(kinds.values()) >= 3


def test_both_images_of_a_pair_change_colour_alike_and_people_do_not():
    views, images = views_of(8, pair_jitter=0.4)
    assert torch.allclose(views[:, 0], views[:, 1], atol=1e-6)
    change = (views[:, 0] - images).mean((2, 3))
    assert float(change.abs().mean()) > 0.03
    assert float(change.std(0).min()) > 0.02
    apart, _ = views_of(8, colour_jitter=0.4)
    assert not torch.allclose(apart[:, 0], apart[:, 1], atol=1e-2)


def test_what_is_shared_by_a_pair_leaves_the_other_draws_as_they_were():
    plain, _ = views_of(4, colour_jitter=0.2)
    augmentation = Augmentation(TrainOptions(**STILL, colour_jitter=0.2, pair_flips=True))
    torch.manual_seed(1)
    pairs = (torch.rand(4, 1, 3, 16, 16) * 0.6 + 0.2).expand(4, 2, 3, 16, 16)
    flipped = augmentation.views(pairs, 0, slice(0, 4), 4)
    assert torch.allclose(plain.mean((3, 4)), flipped.mean((3, 4)), atol=1e-5)


def test_streams_and_steps_give_other_numbers():
    drawn = {
        float(torch.rand((), generator=generator_of(seed, stream, index)))
        for seed in range(3)
        for stream in range(3)
        for index in range(3)
    }
    assert len(drawn) == 27
