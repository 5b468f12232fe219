"""What Lane promises about speed, measured. Each module has ``TITLE`` and ``run(options) -> dict``.

``options`` is a dict with ``full`` (bool), ``rounds`` (int or None) and ``seed`` (int). The dict that ``run``
returns has ``ok`` (bool) and ``figures``: a list of dicts with ``what``, ``value``, ``unit`` and optionally
``goal`` (text) and ``ok`` (bool); anything else in it is kept in the result file. A module runs in a process of
its own, on a migrated database nobody else uses. ``NEEDS_DATABASE = False`` asks for none.

A module with ``answer(options) -> dict`` instead asks a question: ``arguments(parser)`` adds its flags, ``table(answer)``
writes the answer for people, ``options["seed"]`` is fresh unless given. It needs no database.
"""
