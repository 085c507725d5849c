"""Customers, tickets and comments: add them, and read from the database what the service should return."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lab.probing import connection as plain
from lab.probing.connection import Database, ProbeConnection

TICKET_SERVICE = "ticket-service"

NEW_CUSTOMER = "INSERT INTO customers (name) VALUES ('Probe') RETURNING id"
NEW_TICKET = "INSERT INTO tickets (customer_id, subject) VALUES (%s, 'Probe') RETURNING id"
NEW_COMMENT = "INSERT INTO comments (ticket_id, author, body) VALUES (%s, 'probe', %s) RETURNING id"
COMMENTS = "SELECT id, author, body FROM comments WHERE ticket_id = %s ORDER BY id"
TICKETS = """
SELECT id, customer_id, subject, status FROM tickets WHERE customer_id = %s ORDER BY opened_at DESC, id DESC
"""


@dataclass(frozen=True, slots=True)
class SupportConnection(ProbeConnection):
    """A connection that can also add rows, and read them in the order of the service's responses."""

    def new_customer(self) -> int:
        return int(self.value(NEW_CUSTOMER))

    def new_ticket(self, customer: int) -> int:
        return int(self.value(NEW_TICKET, customer))

    def new_comment(self, ticket: int, body: str) -> int:
        return int(self.value(NEW_COMMENT, ticket, body))

    def comments(self, ticket: int) -> list[tuple[Any, ...]]:
        """The id, author and body of each comment of the ticket, oldest first."""
        return self.query(COMMENTS, ticket)

    def tickets(self, customer: int) -> list[tuple[Any, ...]]:
        """The id, customer, subject and status of each ticket of the customer, newest first."""
        return self.query(TICKETS, customer)


@contextmanager
def open_connection(database: Database) -> Iterator[SupportConnection]:
    """Connect for the length of the block. Raises DatabaseUnreachable: the database does not answer."""
    with plain.open_connection(database) as opened:
        yield SupportConnection(opened.connection, opened.observer, opened.database)


def rows(found: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    """These members of each JSON object, in the form of database rows."""
    return [tuple(one.get(column) for column in columns) for one in found]
