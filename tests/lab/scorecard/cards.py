"""Cards to render: one with every verdict, and a strategy for any card, with texts that break formats."""

from hypothesis import strategies as st

from lab.probing.contract.results import Beside, Regression
from lab.probing.evidence import Figure, Verdict
from lab.review.finding import Basis, Finding, meanings
from lab.scorecard.card import (
    BugCard,
    Card,
    CommandCard,
    CommitCard,
    MigrationCard,
    ReviewCard,
    SubmissionCard,
    machine,
)
from lab.scorecard.course import VISIBILITIES, Course, Part

NUMBERS = {verdict: number for number, verdict in enumerate(Verdict, 1)}
GIVEN = 6


def bug(number: int, verdict: Verdict, *, given: bool = False) -> BugCard:
    by = 3 if verdict is Verdict.BLOCKED else None
    figures = (Figure("slowest", 7.5, "ms", 5.0),)
    return BugCard(number, f"Title {number}", "It is slow.", verdict, f"Seen {number}.", by, figures, given)


def card(*bugs: BugCard, problem: str = "", environment: bool = False) -> Card:
    """A card with these bugs, with nothing broken besides, and with a good migration."""
    return Card(
        SubmissionCard("ada", "d"),
        "0.1.0",
        "l",
        1_700_000_000.0,
        2.0,
        machine("bwrap"),
        problem=problem,
        environment=environment,
        bugs=bugs,
        beside=None if problem else Beside(1234),
        review=None if problem else ReviewCard((), (MigrationCard("0003", "m", "f", 0.1, None),)),
    )


EVERY = card(
    *(bug(number, verdict) for verdict, number in NUMBERS.items()), bug(GIVEN, Verdict.FIXED, given=True)
)
"""One bug of each verdict, numbered from 1 as in `Verdict`, and one whose fix was given."""

EMPTY = card(problem="It is empty.")
FAILED = card(problem="It was not graded within 4 s in /srv/x.", environment=True)

HOSTILE = (
    *("|", "\n", "\r\n", "<script>alert(1)</script>", "<!--", "]]>", "&amp;", "`a`", "```\n", "\\", "\\|"),
    *("# a", "- a", "[a](http://b)", "http://b.example", "www.b.example", "![a](b)", "@ada", "**a**", "$a$"),
    *(
        "::error::a",
        "%0A::error::a",
        "=1+1",
        "@SUM(1)",
        "\x00",
        "\x08",
        "\x1b[31m",
        "\x85",
        "\u2028",
        "\ufffe",
    ),
    *("\ud800", "\U000e0001", "\u202e", "a" * 5000, "é" * 3000, "", " "),
)
texts = st.lists(st.sampled_from(HOSTILE) | st.text(st.characters(), max_size=20), max_size=3).map("".join)
numbers = st.integers(0, 12)
floats = st.floats(-1e9, 1e9) | st.sampled_from([0.0, 1e300])
figures = st.lists(st.builds(Figure, texts, floats, texts, st.none() | floats), max_size=2).map(tuple)
bugs = st.builds(
    BugCard,
    numbers,
    texts,
    texts,
    st.sampled_from(Verdict),
    texts,
    st.none() | numbers,
    figures,
    st.booleans(),
    numbers,
)
lines = st.lists(texts, max_size=2).map(tuple)
regressions = st.builds(Regression, texts, texts, texts, texts, texts, lines)
besides = st.builds(
    Beside, numbers, st.lists(regressions, max_size=2).map(tuple), st.just("") | texts, lines, floats
)
findings = st.builds(
    Finding,
    st.sampled_from(sorted(meanings())),
    texts,
    numbers,
    st.sampled_from(Basis),
    texts,
    texts,
    st.none() | texts,
)
migrations = st.builds(MigrationCard, texts, texts, texts, floats, st.none() | floats)
reviews = st.builds(
    ReviewCard,
    st.lists(findings, max_size=2).map(tuple),
    st.lists(migrations, max_size=1).map(tuple),
    st.just("") | texts,
)
cards = st.builds(
    Card,
    st.builds(SubmissionCard, texts, texts, lines),
    texts,
    texts,
    floats,
    floats,
    st.just(machine("bwrap")),
    problem=st.just("") | texts,
    environment=st.booleans(),
    bugs=st.lists(bugs, max_size=3).map(tuple),
    beside=st.none() | besides,
    review=st.none() | reviews,
    timeline=st.lists(st.builds(CommandCard, lines, numbers, floats), max_size=2).map(tuple),
    commits=st.lists(st.builds(CommitCard, texts, floats), max_size=2).map(tuple),
    notes=lines,
)
points = st.sampled_from([0.0, 1.0, 10.0, 0.1, 33.3])
parts = st.builds(Part, earned=points) | st.builds(Part, lost=points)
courses = st.builds(
    Course,
    st.dictionaries(numbers, points, max_size=6),
    st.floats(0, 1),
    parts,
    parts,
    st.booleans(),
    st.sampled_from(VISIBILITIES),
)
