"""`python -m interconn` is the command `interconn`."""

from interconn.cli import main

if __name__ == "__main__":
    main()
