"""The sections of a report, one module each: ``section(runs) -> Section``."""
