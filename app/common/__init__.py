"""Code that both services use: database access, errors, request parameters and the HTTP server."""
