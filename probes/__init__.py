"""The probes of the lab-automation backend: a module for each bug, named by its fix's slug."""
