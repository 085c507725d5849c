"""Ask whether what worked still works: the same requests to the code under test and to a reference.

`script` has what is sent, `player` sends it, `normal` and `declared` say what counts as the same answer,
`regressions` finds the differences and shortens them, `kept` finds the rows that are gone. None of it knows a
table or a route: a library's own are in `probes/contract/`.
"""
