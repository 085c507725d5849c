"""A program for a box that does what the one line of its input says."""

import sys

if __name__ == "__main__":
    exec(sys.stdin.readline())
