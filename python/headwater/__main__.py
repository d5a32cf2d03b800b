"""``python -m headwater`` is the ``headwater`` command."""

from .command import main

main()
