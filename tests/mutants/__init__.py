"""Small mistakes in the fixed app, to measure how many of them a check of its behaviour finds.

`places` lists each place of the app where such a mistake can be made, with the rules for what is no place.
`sample` is a fixed part of them, drawn at random and committed as sample.json. set_aside.toml says which of
the sample no client can see, and why. `applying` makes one mistake in a workspace.

`python -m tests.mutants` draws the sample again. That is needed after any change of the app or of the rules.
"""
