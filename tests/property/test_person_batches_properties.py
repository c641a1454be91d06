"""Batches: the other eye is never a negative, whatever people bring."""

from hypothesis import given, settings
from hypothesis import strategies as st

from igwas.encoder.person_batches import PersonBatches
from igwas.errors import InputError

IMAGES = st.lists(
    st.tuples(
        st.sampled_from([f"P{i}" for i in range(6)]),
        st.sampled_from(["left", "right", "unknown"]),
        st.sampled_from(["", "1", "2"]),
    ),
    max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(
    images=IMAGES,
    positives=st.sampled_from(["image", "eye", "person"]),
    exclude=st.booleans(),
    batch_people=st.integers(2, 7),
    index=st.integers(0, 20),
)
def test_a_batch_holds_one_pair_of_each_of_its_people(
    images, positives, exclude, batch_people, index
):
    people, eyes, visits = zip(*images, strict=True) if images else ((), (), ())
    exclude = exclude and positives != "image"
    try:
        batches = PersonBatches(
            range(len(images)), people, eyes, visits, positives=positives,
            exclude_same_visit=exclude, batch_people=batch_people, seed=5,
        )  # fmt: skip
    except InputError:
        return
    batch = batches.batch(index)
    assert len(batch.rows) == batches.batch_people == min(batch_people, len(batches.people))
    assert len(set(batch.people.tolist())) == len(batch.people)
    for (first, second), person in zip(batch.rows, batch.people, strict=True):
        assert people[first] == people[second] == batches.people[person]
        if positives == "image":
            assert first == second
        if positives == "eye" and first != second:
            assert eyes[first] == eyes[second] != "unknown"
        if exclude:
            assert "" not in (visits[first], visits[second])
            assert visits[first] != visits[second]
