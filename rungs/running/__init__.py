"""The commands that train and prove the levels: climb, verify, train, reproduce, bench."""
