"""Every map is dropped, up to the image itself. The paper drops at the end of the contracting path."""

CHANGES = [("*features[:-2], *(", "*("), ("for x in features[-2:])", "for x in features)")]
