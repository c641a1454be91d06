"""The page of the public names: all of them, as they are called."""

import igwas
from igwas import python_docs
from igwas.errors import IgwasError

_ANYTHING = object()


def test_every_public_name_has_one_entry():
    page = python_docs.render()
    listed = [name for names in python_docs._GROUPS.values() for name in names]
    assert sorted(listed) == sorted(set(igwas.__all__) - {"__version__"})
    for name in listed:
        assert page.count(f"\n### {name}\n") == 1


def test_a_signature_is_what_one_types():
    def short(a, b=2, *, c=None):
        pass

    assert python_docs._signature("short", short) == "igwas.short(a, b=2, *, c=None)"

    def long(
        genotypes_of_everybody,
        *,
        a_name_that_is_long="none",
        one_more_of_them=(1.5, 2.5),
        z=_ANYTHING,
    ):
        pass

    assert python_docs._signature("long", long).splitlines() == [
        "igwas.long(", "    genotypes_of_everybody,", "    *,", "    a_name_that_is_long='none',",
        "    one_more_of_them=(1.5, 2.5),", "    z=...,", ")",
    ]  # fmt: skip


def test_methods_have_their_first_line_and_hidden_ones_none():
    class Example:
        """A class."""

        def act(self):
            """Do it.

            More.
            """

        @property
        def size(self):
            """How large."""

        def _hidden(self):
            pass

    assert python_docs._methods(Example) == ["act() : Do it.", "size : How large."]


def test_errors_are_listed_with_what_they_are():
    page = python_docs.render()
    # Others of the package have bases of their own.
    public = [one for one in IgwasError.__subclasses__() if one.__module__ == "igwas.errors"]
    assert len(public) >= 6
    for error in public:
        assert f"igwas.errors.{error.__name__}(" in page
