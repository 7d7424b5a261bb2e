"""What each kind of Sigma value asks of a record: one function a kind, listed here."""

from collections.abc import Callable
from typing import Any

from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
)

from sentinel.detect.place import Place, Test
from sentinel.detect.predicates import fieldref, network, number, presence, regex, strings, timestamp

PREDICATES: dict[type[SigmaType], Callable[[Any, Place], Test]] = {
    SigmaString: strings.string,
    SigmaCasedString: strings.cased,
    SigmaRegularExpression: regex.regular_expression,
    SigmaCIDRExpression: network.cidr,
    SigmaNumber: number.number,
    SigmaBool: number.boolean,
    SigmaCompareExpression: number.comparison,
    SigmaTimestampPart: timestamp.part,
    SigmaNull: presence.null,
    SigmaExists: presence.exists,
    SigmaFieldReference: fieldref.field_reference,
}
"""Value kind -> builder of its test. Expansions (`windash`, `base64offset`) are lists of these, see `compile`."""
