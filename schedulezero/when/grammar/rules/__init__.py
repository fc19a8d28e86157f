"""The rules of the grammar, by what they build."""
