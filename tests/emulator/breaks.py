"""Deliberate breaks of the template, which a rule must detect."""


def set_in(path, value):
    """A deliberate break: sets a value at a path of the template or, with None, deletes it."""

    def apply(tree):
        for key in path[:-1]:
            tree = tree[key]
        if value is None:
            del tree[path[-1]]
        else:
            tree[path[-1]] = value

    return apply


def replace_in(path, old, new):
    """A deliberate break: replaces a part of a text."""

    def apply(tree):
        for key in path[:-1]:
            tree = tree[key]
        assert old in tree[path[-1]], old
        tree[path[-1]] = tree[path[-1]].replace(old, new)

    return apply


def of(name, *path):
    return ["Resources", name, "Properties", *path]
