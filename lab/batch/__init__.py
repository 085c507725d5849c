"""Many submissions: a worker gets a bundle, grades it in a process of its own, and returns a result."""
