"""Seed the ticket system's database: python -m seed --rows N --seed S"""
