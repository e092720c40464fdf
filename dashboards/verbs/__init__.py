"""One file per verb of the command line, named like it, each with a `register(app)`.

A verb that is a word of Python, `import`, has a `_` behind its name.
"""
