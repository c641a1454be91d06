"""The progress bar: on a terminal only."""

from rich.console import Console

from igwas.cli import progress


def test_nothing_is_shown_where_stderr_is_no_terminal(capsys):
    with progress.track("scan", "variants") as report:
        assert report is None
    captured = capsys.readouterr()
    assert captured.err == captured.out == ""


def test_a_terminal_shows_done_and_total(monkeypatch, tmp_path):
    with (tmp_path / "screen").open("w") as screen:

        def terminal(**options):
            assert options == {"stderr": True}
            return Console(file=screen, force_terminal=True, width=100)

        monkeypatch.setattr(progress, "Console", terminal)
        with progress.track("scan", "variants") as report:
            report(3, 12)
            report(12, 12)
    shown = (tmp_path / "screen").read_text()
    assert "scan" in shown
    assert "12/12" in shown
    assert "variants" in shown
