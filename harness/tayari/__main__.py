"""`python -m tayari`: the same as the command `tayari`."""

from tayari.cli.app import main

if __name__ == "__main__":
    main()
