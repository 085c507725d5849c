"""The routes of ticket-service. An unknown id is 404; every error has the form {"error": "…"}."""

from contextlib import AbstractContextManager

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import exc, orm

from app.ticket_service.models import Comment, Customer, Ticket

SESSIONS = "sessions"
ID = "int(max=2147483647)"
"""The URL converter of an id: a larger number would not fit into the column."""

blueprint = Blueprint("ticket_service", __name__)


def transaction() -> AbstractContextManager[orm.Session]:
    """Return a session. It commits at the end of the block; an exception rolls back."""
    sessions: orm.sessionmaker[orm.Session] = current_app.extensions[SESSIONS]
    return sessions.begin()


@blueprint.get("/health")
def health() -> ResponseReturnValue:
    try:
        with transaction() as session:
            session.execute(sa.select(1))
    except exc.SQLAlchemyError:
        return jsonify(status="unhealthy", error="The database is out of reach."), 503
    return jsonify(status="healthy")


@blueprint.get(f"/customers/<{ID}:customer_id>/tickets")
def list_tickets(customer_id: int) -> ResponseReturnValue:
    """The tickets of one customer, newest first."""
    newest_first = (Ticket.opened_at.desc(), Ticket.id.desc())
    with transaction() as session:
        if session.get(Customer, customer_id) is None:
            abort(404, f"No customer {customer_id}.")
        wanted = sa.select(Ticket).where(Ticket.customer_id == customer_id)
        tickets = session.scalars(wanted.order_by(*newest_first)).all()
        return jsonify(tickets=[ticket.as_json() for ticket in tickets])


@blueprint.get(f"/tickets/<{ID}:ticket_id>")
def get_ticket(ticket_id: int) -> ResponseReturnValue:
    """One ticket with its comments, oldest first."""
    with transaction() as session:
        ticket = session.get(Ticket, ticket_id)
        if ticket is None:
            abort(404, f"No ticket {ticket_id}.")
        wanted = sa.select(Comment).where(Comment.id == ticket_id)
        comments = session.scalars(wanted.order_by(Comment.id)).all()
        return jsonify(ticket.as_json() | {"comments": [comment.as_json() for comment in comments]})
