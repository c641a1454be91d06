"""Run the command line as `python -m igwas`."""

from igwas.cli.main import main

main()
