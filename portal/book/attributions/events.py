"""What the log says about attributions by hand."""

from portal.core.events import changes

GIVEN = changes("attribution.give", "said by hand who wrote policies", ("policies", "released", "npn"))
TAKEN_BACK = changes("attribution.end", "took back by hand who wrote a policy", ("policies", "released", "npn"))
