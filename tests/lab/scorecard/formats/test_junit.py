"""JUnit XML: junitparser reads back what was written, of elements and attributes of the format alone."""

from collections import Counter
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from lab.probing.contract.results import Beside, Regression
from lab.review.finding import Basis, Finding
from lab.scorecard.card import Card, ReviewCard
from lab.scorecard.formats.junit import junit
from tests.lab.scorecard.cards import EMPTY, EVERY, FAILED, cards

ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "timestamp"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname"},
    "system-out": set(),
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
}
"""Of Jenkins' junit-10.xsd: https://github.com/jenkinsci/xunit-plugin."""


def suites(card: Card) -> dict[str, list[TestCase]]:
    """The cases of each suite, as junitparser reads them."""
    document = JUnitXml.fromstring(junit(card).encode())
    return {suite.name: list(suite) for suite in document if isinstance(suite, TestSuite)}


def test_each_verdict_has_its_result() -> None:
    results = [[type(one) for one in case.result] for case in suites(EVERY)["bugs"]]
    assert results == [[], [Failure], [Failure], [Skipped], [Error], [Skipped]]
    types = [case.result[0].type for case in suites(EVERY)["bugs"] if case.result]
    assert types == ["masked", "present", "blocked by 3", "unmeasured", "given"]


def test_what_else_broke_and_the_migrations_are_suites_of_their_own() -> None:
    assert [len(found) for found in suites(EVERY).values()] == [6, 1, 1]
    assert not suites(EVERY)["nothing else broken"][0].result
    card = replace(
        EVERY,
        beside=Beside(9, (Regression("GET /a", "GET /a", "", "200", "500", ("POST /b", "GET /a")),)),
        review=ReviewCard((Finding("data-lost", "f.py", 4, Basis.MEASURED, "5 rows are gone."),)),
    )
    (broken,) = suites(card)["nothing else broken"]
    assert broken.name == "nothing else broken: GET /a"
    assert broken.result[0].message == "GET /a: expected 200, got 500"
    assert "POST /b\nGET /a" in broken.result[0].text
    (migration,) = suites(card)["migrations"]
    assert (migration.name, migration.result[0].message) == ("migrations: data-lost", "5 rows are gone.")


@pytest.mark.parametrize(("card", "word"), [(EMPTY, "empty"), (FAILED, "not graded within")])
def test_a_card_that_could_not_be_graded_is_one_error(card: Card, word: str) -> None:
    ((suite, (case,)),) = suites(card).items()
    assert suite == "grading"
    assert isinstance(case.result[0], Error)
    assert word in case.result[0].message


@settings(max_examples=15, deadline=None)
@given(cards)
def test_any_card_is_well_formed_and_its_counts_are_those_of_its_cases(card: Card) -> None:
    text = junit(card).encode()
    root = ElementTree.fromstring(text)
    for element in root.iter():
        assert set(element.attrib) <= ATTRIBUTES[element.tag], element.tag
    for suite in root:
        tags = Counter(child.tag for case in suite.iter("testcase") for child in case)
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
        counts = {"failures": tags["failure"], "errors": tags["error"], "skipped": tags["skipped"]}
        assert {name: int(suite.attrib[name]) for name in counts} == counts
    assert sum(map(len, suites(card).values())) == int(root.attrib["tests"])
