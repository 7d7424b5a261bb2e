"""What the conditions of a search call in DuckDB; they mean what `words` and `values` do in Python."""

from sentinel.store.address_range import OCTET
from sentinel.store.words import MAX_COMPARED_CHARACTERS, MAX_WORD_CHARACTERS, MAX_WORDS_CHARACTERS

GROUP = "[0-9a-f]{1,4}"
"""One part of an IPv6 address."""

MACROS = (
    "CREATE MACRO is_ascii(x) AS coalesce(strlen(x) = length(x), true)",
    # Most texts are of ASCII alone, and have no accents that it takes time to look for.
    "CREATE MACRO fold(x) AS "
    "CASE WHEN strlen(x) = length(x) THEN lower(x) ELSE replace(strip_accents(lower(x)), 'đ', 'd') END",
    f"CREATE MACRO compared(x) AS "
    f"fold(CASE WHEN strlen(x) > {MAX_COMPARED_CHARACTERS} THEN left(x, {MAX_COMPARED_CHARACTERS}) ELSE x END)",
    f"CREATE MACRO searched(x) AS "
    f"CASE WHEN strlen(x) > {MAX_WORDS_CHARACTERS} THEN left(x, {MAX_WORDS_CHARACTERS}) ELSE x END",
    # Words between single spaces, with one before the first and after the last.
    rf"""CREATE MACRO words(x) AS concat(' ', trim(regexp_replace(regexp_replace(
       fold(searched(x)), '[^\pL\pN]+', ' ', 'g'),
       '([^ ]{{{MAX_WORD_CHARACTERS}}})[^ ]*', '\1', 'g')), ' ')""",
    """CREATE MACRO rest_values(j, p) AS CASE json_type(j, p)
       WHEN 'ARRAY' THEN CAST(json_extract(j, p) AS VARCHAR[]) ELSE [json_extract_string(j, p)] END""",
    # The end of an IPv6 address that is written as an IPv4 one, as two groups of hexadecimal digits.
    rf"""CREATE MACRO ip6_octet(x, n) AS CAST(
       regexp_extract(x, '({OCTET})\.({OCTET})\.({OCTET})\.({OCTET})$', n) AS INTEGER)""",
    rf"""CREATE MACRO ip6_plain(x) AS CASE WHEN regexp_matches(x, ':({OCTET}\.){{3}}{OCTET}$') THEN concat(
       regexp_replace(x, '[^:]*$', ''), to_hex(ip6_octet(x, 1) * 256 + ip6_octet(x, 2)), ':',
       to_hex(ip6_octet(x, 3) * 256 + ip6_octet(x, 4))) ELSE x END""",
    "CREATE MACRO ip6_groups(x) AS CASE x WHEN '' THEN CAST([] AS VARCHAR[]) ELSE string_split(x, ':') END",
    """CREATE MACRO ip6_filled(head, tail, has_gap) AS list_aggregate(list_transform(
       head || list_transform(range(CASE WHEN has_gap THEN 8 - len(head) - len(tail) ELSE 0 END), lambda gap: '0')
       || tail, lambda part: lpad(part, 4, '0')), 'string_agg', '')""",
    """CREATE MACRO ip6_joined(x) AS ip6_filled(ip6_groups(split_part(x, '::', 1)), ip6_groups(split_part(x, '::', 2)),
       contains(x, '::'))""",
    f"""CREATE MACRO ip6_checked(x) AS CASE WHEN regexp_full_match(x,
       '({GROUP}(:{GROUP}){{7}})|((({GROUP}:){{0,6}}{GROUP})?::(({GROUP}:){{0,6}}{GROUP})?)')
       AND (NOT contains(x, '::')
            OR len(ip6_groups(split_part(x, '::', 1))) + len(ip6_groups(split_part(x, '::', 2))) <= 7)
       THEN ip6_joined(x) END""",
    # What a macro is given stands in it as often as it names it, with every expression: but a lambda names it once.
    """CREATE MACRO ip6_key(x) AS CASE WHEN contains(x, '.')
       THEN list_transform([lower(ip6_plain(x))], lambda plain: ip6_checked(plain))[1]
       ELSE ip6_checked(lower(x)) END""",
    # An IPv4 address lies where IPv6 has those that stand for one.
    rf"""CREATE MACRO ip_key(x) AS CASE WHEN contains(x, ':') THEN ip6_key(x)
       WHEN regexp_full_match(x, '({OCTET}\.){{3}}{OCTET}') THEN ip6_key(concat('::ffff:', x)) END""",
)
"""`is_ascii` tells whether a text, if there is one, is of ASCII alone; `fold` forgets case and accents; `compared` does
so for what counts of a whole value; `searched` gives what free text is looked for in; `words` gives its words; `ip_key`
gives the 32 digits of an address, as `ip6_key` does for IPv6 alone, and NULL for other texts."""
