import numpy as np
import pytest
from tests.fundus_pictures import fundus_picture

from igwas.errors import InputError, OptionError
from igwas.images.fundus import prepare
from igwas.images.measures import MEASURES


def test_a_right_eye_is_the_mirror_image_of_the_same_picture_as_left():
    picture = fundus_picture()
    left, right, unknown = (prepare(picture, eye, 128) for eye in ("left", "right", "unknown"))
    assert (right.rgb == left.rgb[:, ::-1]).all()
    assert (unknown.rgb == left.rgb).all()
    assert (left.is_mirrored, right.is_mirrored, unknown.is_mirrored) == (False, True, False)


def test_what_does_not_depend_on_the_side_is_the_same_for_both():
    picture = fundus_picture()
    left, right = prepare(picture, "left", 128), prepare(picture, "right", 128)
    assert (left.disc.x, left.disc.radius) == (right.disc.x, right.disc.radius)
    assert (left.quality, left.grade) == (right.quality, right.grade)
    assert (left.fingerprint == right.fingerprint).all()
    assert left.measures["laterality_agrees"] == 1
    assert right.measures["laterality_agrees"] == 0


def test_the_measures_do_not_depend_on_the_size_of_the_crop():
    picture = fundus_picture()
    small, large = prepare(picture, "left", 96), prepare(picture, "left", 300)
    assert list(small.measures) == list(MEASURES)
    np.testing.assert_equal(small.measures, large.measures)


def test_the_photograph_is_not_changed():
    picture = fundus_picture()
    before = picture.copy()
    prepare(picture, "right", 128)
    assert (picture == before).all()


def test_a_read_only_photograph_will_do():
    picture = fundus_picture()
    picture.flags.writeable = False
    assert prepare(picture, "left", 128).rgb.any()


@pytest.mark.parametrize("eye", ["Left", "", "both"])
def test_another_name_of_an_eye_is_refused(eye):
    with pytest.raises(InputError, match="expected left, right or unknown"):
        prepare(fundus_picture(), eye)


def test_an_absurd_size_is_refused():
    with pytest.raises(OptionError, match="size is 10"):
        prepare(fundus_picture(), "left", 10)
