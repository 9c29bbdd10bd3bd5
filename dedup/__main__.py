"""The ``dedup`` command, and ``python -m dedup``."""

from dedup.signals import end_at_once


def main() -> None:
    """Run the command line; told to stop, say so in one line from the first moment on."""
    end_at_once()
    from dedup.cli import main as run  # takes a while

    run()


if __name__ == "__main__":
    main()
