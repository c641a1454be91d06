import pytest
from scipy import ndimage
from tests.fundus_pictures import fundus_picture

from igwas.images.fundus import prepare
from igwas.images.quality import RAMPS, judge

GOOD = {name: high for name, (_, high, _) in RAMPS.items()}


@pytest.mark.parametrize("name", RAMPS)
def test_each_measure_alone_can_make_a_reject_or_a_usable(name):
    low, high, words = RAMPS[name]
    assert judge(GOOD | {name: low}).grade == "reject"
    half = judge(GOOD | {name: low + 0.4 * (high - low)})
    assert (half.grade, half.reason) == ("usable", words)
    assert judge(GOOD | {name: low + 0.6 * (high - low)}).grade == "keep"


def test_the_worst_reason_comes_first():
    low, high, _ = RAMPS["sharpness"]
    worse = {"brightness": RAMPS["brightness"][0], "sharpness": low + 0.4 * (high - low)}
    assert judge(GOOD | worse).reason == "too dark; out of focus"


def test_quality_lies_between_0_and_1():
    assert judge(GOOD).value == 1
    assert judge({name: low for name, (low, _, _) in RAMPS.items()}).value == 0


def test_a_good_picture_is_kept_and_a_blurred_or_black_one_is_not():
    picture = fundus_picture(420, 420, radius=200)
    assert prepare(picture, "left", 128).grade == "keep"
    assert prepare(ndimage.gaussian_filter(picture, (12, 12, 0)), "left", 128).grade == "reject"
    assert prepare(picture // 30, "left", 128).grade == "reject"
