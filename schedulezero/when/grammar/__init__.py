"""One grammar for *when*: once and again, in every language that has a file in ``languages/``.

A text is read in five steps, each a module that knows nothing of the next:

1. `core.tokens` cuts it into words, numbers and signs;
2. `words` looks up what each of them may mean in one language;
3. `core.chart` builds typed `core.pieces` (a clock time, a day, a span, a set of weekdays, a bound) out of
   them and of each other, by the rules in ``rules/``, keeping every reading;
4. `paths` lays pieces side by side so that every token has a part in exactly one;
5. `said` sorts the pieces, and `once` or `again` fits them together, or finds that they contradict
   each other.

`rules.faults` names what is wrong with a refused text, and `variants` what a reading leaves open.

The cheapest sequence of pieces that makes sense is the reading. Two that are equally cheap and differ in time
are both offered, never guessed between. A new language is one file and no code.
"""
