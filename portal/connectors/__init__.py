"""SmartConnectors: a carrier's file in, normalised policy rows and reasons out.

Pure: no web, no database, no clock. The way through, from bytes to rows:

    door         the file as it may be kept: without social security numbers
    readers/     bytes -> sheets of text cells, chosen by content
    fixed_width  where the fields of a fixed-width file stand, as a layout declares it
    layouts/     one declarative file per carrier layout; `layouts.py` loads them into what `declared.py` describes,
                 `layout_checks.py` complains
    detect       which layout, which sheet, which row is the header
    dates, names, normalise   one cell -> one value
    aliases      what people have decided about values that could not be read
    file_names, statuses      what the file's name, the lines above the header and the dates say beside the cells
    assemble     a layout and a header compiled into one function of a row
    parse        all of it, in batches of `rows.PolicyRow`, `rows.Refusal` and `rows.Dropped`
    headers      columns by name and place, and what differs between two headers
    profile, drifting   what columns look like, and which one another has probably become
    plain        our fields in the words of a person
    heading, proposing, mapped, mistakes   an unknown file: its header, what is proposed, what was said, what is wrong
    ladder       the keys by which two rows are known to be the same person
"""
