import numpy as np
import pytest

from igwas.errors import InputError
from igwas.genotypes.variant_order import VariantOrder


def order(**options):
    return VariantOrder("x.bim", "sort it", **options)


def positions(*values):
    return np.array(values, np.int64)


def test_codes_follow_first_appearance_across_batches():
    checked = order()
    assert checked.add(["chr2", "2", "X"], positions(5, 5, 1)).tolist() == [0, 0, 1]
    assert checked.add(["23", "MT"], positions(2, 1)).tolist() == [1, 2]
    assert checked.names == ["2", "X", "MT"]


def test_descending_position_names_line_and_remedy():
    with pytest.raises(InputError, match=r"x.bim line 3 has position 4 after 5 .* sort it"):
        order().add(["1", "1", "1"], positions(1, 5, 4))


def test_order_is_checked_between_batches():
    checked = order(row="variant")
    checked.add(["1"], positions(9))
    with pytest.raises(InputError, match="variant 2 has position 8 after 9"):
        checked.add(["1"], positions(8))


def test_chromosome_that_returns_is_named():
    with pytest.raises(InputError, match="line 3 returns to chromosome 1 after 2"):
        order().add(["1", "2", "1"], positions(1, 1, 2))


def test_unknown_chromosome_names_the_line():
    with pytest.raises(InputError, match="line 2: chromosome 'Un' is unknown"):
        order().add(["1", "Un"], positions(1, 1))


def test_unknown_chromosomes_are_kept_on_request():
    checked = order(allow_unknown=True)
    checked.add(["0", "Un"], positions(0, 1))
    assert checked.names == ["0", "Un"]


def test_negative_position_is_an_error():
    with pytest.raises(InputError, match="position -1; expected 0 or more"):
        order().add(["1"], positions(-1))


def test_no_variants_give_no_codes():
    assert order().add([], positions()).shape == (0,)
