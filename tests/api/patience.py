import time

# Much longer than anything takes: it only ends a wait for what will never come.
PATIENCE = 120


def until(holds):
    """Waits until this is so."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() < begun + PATIENCE, "it never came to that"
        time.sleep(0.05)
