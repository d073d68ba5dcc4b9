"""Other systems, played on this one.

`install(patch)` of each changes what the system does, by patch(place, name, value): a test's monkeypatch.setattr, or
setattr in a process of its own.
"""
