"""Findings as SARIF: valid by the standard's own schema, whatever the findings hold."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.review.finding import Basis, Finding, meanings
from lab.review.sarif import sarif

# The OASIS standard's: https://docs.oasis-open.org/sarif/sarif/v2.1.0/
# Its pattern for languages is no regular expression: it has "]?" where ")?" is meant.
TEXT = Path(__file__).with_name("sarif-schema-2.1.0.json").read_text().replace("{2}]?$", "{2}$")
VALIDATOR = jsonschema_rs.Draft4Validator(json.loads(TEXT))

findings = st.builds(
    Finding,
    id=st.sampled_from(sorted(meanings())),
    file=st.just("migrations/versions/0003_a b.py"),
    line=st.integers(0, 10**6),
    how=st.sampled_from(Basis),
    seen=st.text(min_size=1),
    safer=st.text(),
    waived=st.none() | st.text(),
)


def results(*found: Finding) -> list[dict[str, Any]]:
    log = sarif(found)
    VALIDATOR.validate(json.loads(json.dumps(log)))
    return list(log["runs"][0]["results"])


@settings(max_examples=30)
@given(st.lists(findings, max_size=4))
def test_any_findings_are_valid_sarif(found: list[Finding]) -> None:
    assert len(results(*found)) == len(found)


def test_a_result_has_level_place_and_waiver() -> None:
    (one,) = results(Finding("data-lost", "a b.py", 7, Basis.MEASURED, "5 rows.", waived="a backup is kept"))
    assert (one["ruleId"], one["level"]) == ("data-lost", "error")
    assert one["locations"][0]["physicalLocation"]["region"] == {"startLine": 7}
    assert one["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "a%20b.py"}
    assert one["suppressions"] == [{"kind": "inSource", "justification": "a backup is kept"}]


def test_a_finding_on_a_file_as_a_whole_is_at_its_begin_and_one_on_none_has_no_place() -> None:
    (whole, none) = results(
        Finding("two-heads", "a.py", 0, Basis.MEASURED, "Two."),
        Finding("does-not-run", "", 0, Basis.MEASURED, "It ended."),
    )
    assert whole["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert "locations" not in none
