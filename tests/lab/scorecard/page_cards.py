"""Cards as they are made by a grading: figures and sentences as the probes give them."""

from dataclasses import replace

from lab.probing.contract.results import Beside, Regression
from lab.probing.evidence import Figure, Verdict
from lab.review.finding import Basis, Finding
from lab.scorecard.card import (
    BugCard,
    Card,
    CommandCard,
    CommitCard,
    HandoutCard,
    MachineCard,
    MigrationCard,
    ReviewCard,
    SubmissionCard,
    TimeCard,
)
from lab.scorecard.evidence_for import EvidenceText
from lab.scorecard.rubric_view import Anchor, LineView, MarkView, RubricView
from tests.measuring import fix

WHYS = {
    1: "workflow-service reaches device-service at the address that its environment gives.",
    2: "A started workflow holds its device with one booking, and a second start on it was refused.",
    3: "4 of 4 bookings of one device succeeded: all had read it as available before any wrote.",
    4: "54 workflows take 3 statements, 114 3, and every step and sample is in the response.",
    5: "240 logs of the day took 29,881 blocks: no full scan, but more than a tenth of one for each.",
    6: "GET /execution-logs of 500,000 logs: the service was killed, out of memory at 258 MiB of 256.",
    7: "The queue cannot be tried while a device can be booked twice.",
}
FIGURES = {
    1: (Figure("time to release a device through both services", 102.2, "ms"),),
    2: (Figure("time to start a workflow", 151.4, "ms"),),
    3: (
        Figure("successful of 4 bookings through the gate", 4, "", 1),
        Figure("open bookings of the device", 4, "", 1),
        Figure("successful of 2 bookings on one replica", 1, "", 1),
        Figure("time from request to first write", 111.5, "ms"),
    ),
    4: (
        Figure("statements for 54 workflows", 3),
        Figure("statements for 114 workflows", 3, "", 5),
        Figure("time for 114 workflows", 39.9, "ms"),
    ),
    5: (
        Figure("blocks read for the day's 240 logs", 29881, "", 27546),
        Figure("time for the day's 240 logs", 465.4, "ms"),
    ),
    6: (Figure("most memory used", 258.4, "MiB", 256), Figure("time of one answer", 1808.8, "ms")),
    7: (),
}
BEFORE = {
    3: (Figure("successful of 4 bookings through the gate", 4, "", 1),),
    4: (Figure("statements for 114 workflows", 457, "", 5), Figure("time for 114 workflows", 310.2, "ms")),
    5: (Figure("blocks read for the day's 240 logs", 2754600, "", 27546),),
}
VERDICTS = {
    1: Verdict.FIXED,
    2: Verdict.FIXED,
    3: Verdict.PRESENT,
    4: Verdict.FIXED,
    5: Verdict.MASKED,
    6: Verdict.UNMEASURED,
    7: Verdict.BLOCKED,
}


def bug(number: int) -> BugCard:
    found = fix(number)
    return BugCard(
        number,
        found.title,
        found.symptom,
        VERDICTS[number],
        WHYS[number],
        3 if number == 7 else None,
        FIGURES[number],
        given=number == 2,
        hints=2 if number == 3 else 0,
        before=BEFORE.get(number, ()),
    )


REGRESSIONS = (
    Regression("GET /devices", "GET /devices", "devices[0].type", "liquid_handler", "(no such member)"),
    Regression(
        "POST /devices/{device_id}/release",
        'POST /devices/{d1}/release {"workflow_id": "00000001-0000-4000-8000-000000000000"}',
        "",
        "200",
        "500",
        (
            'POST /devices/{d1}/book {"workflow_id": "00000001-0000-4000-8000-000000000000"}',
            'POST /devices/{d1}/release {"workflow_id": "00000001-0000-4000-8000-000000000000"}',
        ),
    ),
)
FINDINGS = (
    Finding(
        "lock-held-while-working",
        "migrations/versions/0003_search.py",
        14,
        Basis.MEASURED,
        "500,147 rows were read under ShareLock on execution_logs, in 0.3 s.",
        "with op.get_context().autocommit_block():  # outside of the transaction\n"
        "    op.execute(\n"
        '        "CREATE INDEX CONCURRENTLY by_start ON execution_logs"\n'
        '        " (started_at)"\n'
        "    )",
    ),
    Finding(
        "no-lock-timeout",
        "migrations/versions/0003_search.py",
        14,
        Basis.MEASURED,
        "It asks for ShareLock on execution_logs, and would wait for it without end.",
        "op.execute(\"SET LOCAL lock_timeout = '2s'\")",
    ),
    Finding(
        "data-lost",
        "migrations/versions/0004_duplicates.py",
        9,
        Basis.MEASURED,
        "3 rows of bookings are gone, and are kept nowhere.",
        waived="they are the duplicates that the race left",
    ),
)
COMMANDS = (("up",), ("logs", "workflow-service"), ("restart",), ("migration", "new", "index of the search"))
CARD = Card(
    SubmissionCard("ada", "4d0e9c33fc98a2be7ad3ce58c88c3a7b5aa15784bc214fa2f19f4dc9623fc4a5"),
    "0.1.0",
    "0eff4a26119c1b2d90257c4531dd0b8533211d53c4a2d17e22df011509672b4a",
    1795968881.4,
    97.2,
    MachineCard("Linux", "x86_64", 2, "bwrap"),
    handout=HandoutCard("70e66b230d0c", (1, 2, 3, 4, 5, 6, 7), 135, "allowed"),
    bugs=tuple(map(bug, VERDICTS)),
    beside=Beside(1310, REGRESSIONS, seconds=34.3),
    review=ReviewCard(
        FINDINGS,
        (
            MigrationCard(
                "0003", "Index for the search", "migrations/versions/0003_search.py", 0.325, 0.3068
            ),
            MigrationCard("0004", "Close duplicates", "migrations/versions/0004_duplicates.py", 0.012, None),
        ),
    ),
    timeline=tuple(
        CommandCard(words, int(number == 2), 1795960000.0 + 60 * number)
        for number, words in enumerate(COMMANDS)
    ),
    commits=(
        CommitCard("Give workflow-service the address of device-service", 1795960070.0),
        CommitCard("List workflows in three statements", 1795960500.0),
        CommitCard("Add an index for the search of logs", 1795965000.0),
    ),
    time=TimeCard(5940.0, within=True),
    notes=("device-service reads pg_stat_activity: a person should look at why.",),
    rubric="r",
)
BROKEN = replace(
    CARD,
    submission=SubmissionCard("broken", ""),
    problem="broken.zip is no zip file that can be read.",
    handout=None,
    bugs=(),
    beside=None,
    review=None,
    timeline=(),
    commits=(),
    time=None,
    notes=(),
)
NOT_HERE = replace(
    BROKEN,
    submission=SubmissionCard("grace", "d"),
    problem="It was not graded within 900 s.",
    environment=True,
)
ANCHORS = (
    Anchor("poor", "Changes things until the symptom is gone; cannot say what it was."),
    Anchor("mixed", "Finds the place, and explains what happens in one request."),
    Anchor("good", "Explains the interleaving of two requests, and why the pause is not the cause."),
    Anchor("excellent", "Also says which other writes have the same fault, and shows one."),
)
RUBRIC = RubricView(
    (
        LineView(
            "Finds causes",
            "Do they go from a report to its cause step by step?",
            ANCHORS,
            (
                EvidenceText("bug 3: present", "bug-3"),
                EvidenceText("bug 5: masked", "bug-5"),
                EvidenceText("2 hints for bug 3"),
            ),
            (
                MarkView("B. Liskov", "mixed", "Found the two reads, then lengthened the pause."),
                MarkView("E. Dijkstra", "good", "Drew both transactions when asked."),
            ),
        ),
        LineView(
            "Migrations for a database in use",
            "Would you run them on a Monday morning?",
            ANCHORS,
            (EvidenceText("review of the migrations: 1 problem", "migrations"),),
            (MarkView("B. Liskov"), MarkView("E. Dijkstra")),
        ),
    )
)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;{{ 7*7 }}\u202e\x1b[31m</style>"


def hostile(times: int = 1) -> Card:
    """A card of which every text that comes from a submission is meant to harm, in lists of this length."""
    text = HOSTILE * 20
    return replace(
        CARD,
        submission=SubmissionCard(HOSTILE, "d" * 64, (text,) * times),
        bugs=tuple(
            replace(one, why=text, figures=one.figures + (Figure(text, 2e9, "ms", 1),) * times)
            for one in CARD.bugs
        ),
        beside=Beside(9, (Regression(text, text, text, text, text, (text,) * 9),) * times, notes=(text,)),
        review=ReviewCard(
            (Finding("data-lost", text, 1, Basis.RULE, text, f"{text}\n" * 9),) * times,
            (MigrationCard(text, text, text, 1.0, None),) * times,
        ),
        timeline=(CommandCard((text,), 1, 1.0),) * times,
        commits=(CommitCard(text, 2.0),) * times,
        notes=(text,) * times,
    )


def many(count: int) -> list[Card]:
    """So many cards, of several kinds, with verdicts that differ."""
    verdicts = list(Verdict)
    found = []
    for number in range(count):
        name = SubmissionCard(f"candidate {number:03}", f"{number:064x}")
        if number % 23 == 7:
            found.append(replace(BROKEN, submission=name))
        elif number % 31 == 9:
            found.append(replace(NOT_HERE, submission=name))
        else:
            bugs = tuple(
                replace(
                    one,
                    verdict=verdicts[(number // (one.number + 1)) % len(verdicts)],
                    given=number % 11 == 0,
                )
                for one in CARD.bugs
            )
            beside = replace(CARD.beside or Beside(), regressions=REGRESSIONS[: number % 3])
            time = None if number % 7 == 0 else TimeCard(1.0, number % 3 > 0)
            found.append(replace(CARD, submission=name, bugs=bugs, beside=beside, time=time))
    return found
