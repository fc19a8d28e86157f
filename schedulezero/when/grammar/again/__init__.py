"""What is said to happen again and again: from the pieces to the clauses of a phrase."""

from schedulezero.when.grammar.again.phrases import phrase_of

__all__ = ["phrase_of"]
