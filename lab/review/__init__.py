"""Review of the candidate's migrations: what was measured, and what the text says, becomes findings."""
