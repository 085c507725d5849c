"""Bug 1: does GET /tickets/{id} return the comments of that ticket, all of them and no others?"""

from dataclasses import dataclass
from typing import Any

from lab.probing.bench import Bench, Service, require_running
from lab.probing.client import Reply, request
from lab.probing.evidence import Evidence, Figure, Verdict

from .tickets import TICKET_SERVICE, SupportConnection, open_connection, rows

COMMENTS = 3
"""Comments of each of the two tickets."""


@dataclass(frozen=True, slots=True)
class Page:
    """One GET /tickets/{id}: the comments in the reply (None: it has no list), and those of the database."""

    ticket: int
    reply: Reply
    shown: list[tuple[Any, ...]] | None
    expected: list[tuple[Any, ...]]

    @property
    def missing(self) -> int:
        return sum(row not in (self.shown or ()) for row in self.expected)

    @property
    def foreign(self) -> int:
        """How many comments in the response are not the ticket's, or not as the database has them."""
        return sum(row not in self.expected for row in self.shown or ())

    @property
    def problem(self) -> str:
        """Why the page is wrong, as a sentence; empty if it is right."""
        if not self.reply.ok:
            return f"{self.reply}."
        document = self.reply.json
        if not isinstance(document, dict) or document.get("id") != self.ticket or self.shown is None:
            return "The response is not the requested ticket with a list of comments."
        if self.missing or self.foreign:
            return (
                f"Comments of the ticket that are missing in the response: {self.missing} of "
                f"{len(self.expected)}; comments in it that are not the ticket's: {self.foreign}."
            )
        return "" if self.shown == self.expected else "The comments are not in the order of their creation."


def probe(bench: Bench) -> Evidence:
    """Read a ticket, then change the comments of two tickets and read both at every replica."""
    services = bench.replicas(TICKET_SERVICE)
    require_running(*services)
    with open_connection(bench.database) as connection:
        customer = connection.new_customer()
        tickets = (connection.new_ticket(customer), connection.new_ticket(customer))
        for number in range(COMMENTS):
            for ticket in tickets:  # in turn, so that the ids of one ticket's comments have gaps
                connection.new_comment(ticket, f"message {number}")
        first = _read(services[0], connection, tickets[0])
        bench.raw["first"] = first.reply.json
        figures = (
            Figure("comments of the ticket that are missing", first.missing, "", 0),
            Figure("comments that are not the ticket's", first.foreign, "", 0),
            Figure.duration("time to read a ticket", first.reply.seconds),
        )
        if first.problem:
            return Evidence(Verdict.PRESENT, first.problem, figures)
        _change_comments(connection, tickets)
        for service in services:
            for ticket in tickets:
                if problem := _read(service, connection, ticket).problem:
                    why = f"The first response was right; after a change of the comments: {problem}"
                    return Evidence(Verdict.MASKED, why, figures)
    return Evidence(Verdict.FIXED, "Each ticket has its own comments, also after they changed.", figures)


def _read(service: Service, connection: SupportConnection, ticket: int) -> Page:
    reply = request(service.url, f"/tickets/{ticket}")
    comments = reply.objects("comments") if isinstance(reply.json, dict) else None
    shown = None if comments is None else rows(comments, "id", "author", "body")
    return Page(ticket, reply, shown, connection.comments(ticket))


def _change_comments(connection: SupportConnection, tickets: tuple[int, int]) -> None:
    """Add a comment, edit one and delete one: a cached response would be outdated."""
    ids = [row[0] for row in connection.comments(tickets[0])]
    connection.new_comment(tickets[0], "one more")
    connection.query("UPDATE comments SET body = 'edited' WHERE id = %s", ids[-1])
    connection.query("DELETE FROM comments WHERE id = %s", ids[0])
