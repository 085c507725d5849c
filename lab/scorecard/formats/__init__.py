"""A card in other people's formats: one module a format, each a pure function from a card to text."""
