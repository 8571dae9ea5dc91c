"""The hooks are removed at the end of the function, and an error never comes there. What must happen whatever
happens stands in `finally`."""

CHANGES = [
    (
        "        model(x)\n    finally:\n        for handle in handles:\n            handle.remove()\n",
        "        model(x)\n    except ZeroDivisionError:\n        pass\n    for handle in handles:\n        handle.remove()\n",
    )
]
