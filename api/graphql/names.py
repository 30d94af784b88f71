"""GraphQL names for labels and properties, made by rules that a reader can foresee.

* Words are split at everything that is no letter or digit and between lower and upper case: ``Order Details``,
  ``order_details`` and ``OrderDetails`` all give ``OrderDetails`` (types) and ``orderDetails`` (fields).
* Accents are dropped; a letter outside ASCII that has none becomes ``u`` and its code point in hexadecimal.
* A name that starts with a digit gets an ``n`` before it.
* A name that is taken gets a suffix that says what it is (``UserVertex``, ``idValue``), a second one of that name ``_2``.
  Among several, the one that already is spelt like its name goes first, then in alphabetical order.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping

import inflection

__all__ = ["allocate", "field_name", "plural_name", "singular_name", "type_name"]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[0-9]+")


def _ascii(text: str) -> str:
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return "".join(char if char.isascii() or not char.isalnum() else f" u{ord(char):x} " for char in plain)


def _words(text: str) -> list[str]:
    return _WORD.findall(_ascii(text)) or ["unnamed"]


def _joined(words: list[str], first_upper: bool) -> str:
    parts = [word[:1].upper() + (word[1:].lower() if word.isupper() else word[1:]) for word in words]
    if not first_upper:
        parts[0] = parts[0].lower() if words[0].isupper() else parts[0][:1].lower() + parts[0][1:]
    name = "".join(parts)
    return f"n{name}" if name[0].isdigit() else name


def type_name(label: str) -> str:
    """
    >>> type_name("order details"), type_name("SKU"), type_name("2nd Party"), type_name("Größe")
    ('OrderDetails', 'Sku', 'n2ndParty', 'GroUdfE')
    """
    return _joined(_words(label), True)


def field_name(name: str) -> str:
    """
    >>> field_name("company_name"), field_name("OrderID"), field_name("URL"), field_name("%")
    ('companyName', 'orderId', 'url', 'unnamed')
    """
    return _joined(_words(name), False)


def plural_name(label: str) -> str:
    """
    >>> plural_name("Customer"), plural_name("Order Details"), plural_name("Company")
    ('customers', 'orderDetails', 'companies')
    """
    words = _words(label)
    return _joined([*words[:-1], inflection.pluralize(words[-1])], False)


def singular_name(label: str) -> str:
    """
    >>> singular_name("Customer"), singular_name("Order Details")
    ('customer', 'orderDetail')
    """
    words = _words(label)
    return _joined([*words[:-1], inflection.singularize(words[-1]) or words[-1]], False)


def allocate(
    originals: Iterable[str],
    make: Callable[[str], str],
    suffix: str,
    is_free: Callable[[str], bool],
) -> Mapping[str, str]:
    """Different names for all originals; ``is_free`` says whether a name is not taken by anything else."""
    names: dict[str, str] = {}
    used: set[str] = set()

    def free(name: str) -> bool:
        return name not in used and is_free(name)

    for original in sorted(set(originals), key=lambda text: (make(text) != text, text)):
        name = make(original)
        if not is_free(name):
            name += suffix
        number, base = 2, name
        while not free(name):
            name = f"{base}_{number}"
            number += 1
        used.add(name)
        names[original] = name
    return names
