"""The lab-automation backend: two services over one PostgreSQL database."""
