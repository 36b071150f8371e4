"""One writer per carrier layout: column names, formats and oddities of real exports, filled with invented people."""
