"""``python -m intralpha`` is the command ``intralpha``."""

from intralpha.cli import main

if __name__ == "__main__":
    main()
