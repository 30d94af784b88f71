"""``python -m api.cli`` is ``bifrost``."""

from api.cli import main

if __name__ == "__main__":  # reading processes import the main module again
    main()
