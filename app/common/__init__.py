"""What the two services share: the database, errors, parameters and the server."""
