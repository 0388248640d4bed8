"""What can go wrong with a lab."""


class LabError(Exception):
    """The lab could not do what it was asked."""


class NamespacesForbiddenError(LabError):
    """This machine, container or user may not make the namespaces that a lab needs."""
