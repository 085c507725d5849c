"""`python -m tests.mutants`: draw the sample again from the current code."""

from tests.mutants.sample import write

if __name__ == "__main__":
    write()
