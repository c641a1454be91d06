from igwas.association.account import AccountLine, describe_account


def test_lines_are_aligned_and_name_the_lost():
    lines = describe_account(
        [AccountLine("in g", 12345, 12345), AccountLine("kept by filter", 12345, 9, ("a", "b"))]
    )
    assert lines == [
        "in g            12,345",
        "kept by filter       9  (12,336 left out: a, b, ...)",
    ]


def test_nothing_lost_is_said_plainly():
    assert describe_account([AccountLine("x", 2, 1)]) == ["x  1  (1 left out)"]
    assert describe_account([]) == []
