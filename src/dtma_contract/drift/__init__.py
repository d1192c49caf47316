"""Contract, source, image, target and callers side by side: route tables become a matrix and findings.

``matrix`` says what each corner says of each route, ``problems`` which of these are the first sign of something wrong,
``grouping`` makes one finding of one root, ``comparison`` puts it together as a ``report``. Nothing here fetches.
"""
