import pytest

from igwas.demo import DemoOptions
from igwas.errors import OptionError


def test_defaults_depend_on_the_kind_of_demo():
    assert DemoOptions().n_people == 1500
    assert DemoOptions(photographs=False).n_people == 2000
    assert DemoOptions(people=300).n_people == 300
    assert DemoOptions().n_steps == 100
    assert DemoOptions(photographs=False).n_phenotypes == 128


def test_the_journal_gets_the_defaults_filled_in():
    assert DemoOptions().as_dict() == DemoOptions(people=1500, steps=100).as_dict()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"people": 79}, "--people is 79; expected 80 or more"),
        ({"variants": 0}, "--variants is 0"),
        ({"seed": -1}, "--seed is -1"),
        ({"steps": 0}, "--steps is 0"),
        ({"phenotypes": 3}, "with photographs the encoder makes them"),
        ({"steps": 9, "photographs": False}, "no encoder is trained"),
    ],
)
def test_impossible_demos_are_refused(changed, message):
    with pytest.raises(OptionError, match=message):
        DemoOptions(**changed)
