"""One writer per carrier layout: the column names, formats and oddities of real exports, filled with invented people."""
