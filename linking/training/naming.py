"""How invented schemas write the names of tables, keys and references."""

import random

import inflection

__all__ = ["ALIASES", "PERSONAL", "PERSON_ROLES", "SELF_ROLES", "Style"]

_SHORT = {
    "customer": "cust", "employee": "emp", "product": "prod", "order": "ord", "department": "dept", "category": "cat",
    "supplier": "supp", "account": "acct", "document": "doc", "student": "stud", "manager": "mgr", "vehicle": "veh",
    "number": "no", "patient": "pat", "company": "co", "article": "art", "machine": "mach", "ticket": "tkt",
}  # fmt: skip


_SAYINGS = {
    "manager": ("reports_to", "boss_id", "supervisor", "superior_id", "line_manager", "parent_id"),
    "boss": ("reports_to", "manager_id", "supervisor_id", "belongs_to"),
    "foreman": ("reports_to", "led_by", "supervisor"),
    "mentor": ("advised_by", "supervisor_id", "parent"),
    "captain": ("led_by", "reports_to", "chief_id"),
    "via": ("ship_via", "sent_by", "carried_by", "ship_via_id"),
    "agent": ("support_rep_id", "account_rep", "looked_after_by", "contact_id"),
    "assigned_to": ("assigned_to", "owner_id", "handled_by", "assignee"),
    "raised_by": ("opened_by", "reported_by", "requester_id", "created_by"),
    "contractor": ("done_by", "carried_out_by", "vendor"),
    "tutor": ("looked_after_by", "advisor_id", "mentor"),
}
"""Roles as people name them, without the name of the table they refer to."""
SELF_ROLES = (
    "parent", "parent_id", "reports_to", "belongs_to", "part_of", "manager", "manager_id", "supervisor", "superior", "head",
    "boss", "boss_id", "replaced_by", "successor_of", "referred_by", "root_id", "reports_to_id", "lead_id", "within",
)  # fmt: skip
PERSON_ROLES = (
    "support_rep_id", "sales_rep", "account_manager_id", "contact_id", "created_by", "approved_by", "owner", "owner_id",
    "responsible", "handled_by", "salesperson_id", "consultant", "changed_by", "advisor_id", "representative", "coordinator_id",
    "assistant", "reviewer_id", "signed_by", "keeper",
)  # fmt: skip
ALIASES = (
    "*_type_id", "sku", "isbn", "*_ref", "plate", "short_name", "login", "abbreviation", "part_no", "item_code", "file_no",
    "contract_no", "debtor", "matter_id", "cost_centre", "serial", "*_master_id", "gtin", "case_id", "symbol", "ticker",
)  # fmt: skip
"""Keys that are not called like their table."""
PERSONAL = {"first", "last", "person"}


class Style:
    """How one schema writes names."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.case = rng.choice(["snake", "snake", "camel", "pascal", "pascal", "upper", "flat"])
        self.plural = rng.random() < 0.5
        self.prefix = rng.choice(["", "", "", "", "tbl_", "t_", "dim_"])
        self.short = rng.random() < 0.25
        self.key = rng.choice(
            ["id", "id", "table_id", "table_id", "table_id", "table_no", "table_code", "table_key", "table_sk"]
        )
        self.initials = rng.random() < 0.15
        """Whether every column of a table starts with the initials of its name (``li_order_id``)."""
        self.glued = self.case in ("snake", "upper") and rng.random() < 0.15
        """Whether keys and references are written as one word (``custkey``)."""
        self.alias: dict[str, str] = {}
        self.reference = rng.choice(["id", "id", "id", "id", "same", "no", "code", "bare", "fk", "key", "ref"])

    def spell(self, *parts: str) -> str:
        words = [w for part in parts for w in part.split("_") if w]
        if self.short:
            words = [_SHORT.get(w, w) for w in words]
        match self.case:
            case "camel":
                return words[0] + "".join(w.capitalize() for w in words[1:])
            case "pascal":
                return "".join("ID" if w == "id" and self.short else w.capitalize() for w in words)
            case "upper":
                return "_".join(words).upper()
            case "flat":
                return "".join(words)
            case _:
                return "_".join(words)

    def table(self, name: str) -> str:
        words = name.split("_")
        if self.plural:
            words[-1] = inflection.pluralize(words[-1])
        return self.prefix + self.spell(*words)

    def column(self, table: str, name: str) -> str:
        """A column's full name, where names carry the initials of their table."""
        if not self.initials:
            return name
        words = table.split("_")
        initials = "".join(word[0] for word in words) if len(words) > 1 else words[0][: 1 + len(table) % 3]
        return f"{initials.upper() if name.isupper() else initials}_{name}"

    def key_name(self, table: str) -> str:
        if table in self.alias:
            return self._key(self.alias[table])
        return self.spell("id") if self.key == "id" else self._key(table, self.key.removeprefix("table_"))

    def reference_name(self, role: str, table: str) -> str:
        name = self._reference_name(role, table)
        return name.replace("_", "") if self.glued and not role else name

    def _key(self, *parts: str) -> str:
        name = self.spell(*parts)
        return name.replace("_", "") if self.glued else name

    def _reference_name(self, role: str, table: str) -> str:
        if not role and table in self.alias and self.rng.random() < 0.8:
            return self.key_name(table)
        if role.startswith("="):
            return self.spell(role[1:])
        if role in _SAYINGS and self.rng.random() < 0.6:
            return self.spell(self.rng.choice(_SAYINGS[role]))
        thing = role or table
        if role and self.rng.random() < 0.3:
            thing = f"{role}_{table}"
        style = self.reference if self.rng.random() < 0.85 else self.rng.choice(["id", "bare", "no", "code"])
        match style:
            case "same":
                suffix = "id" if self.key == "id" else self.key.removeprefix("table_")
                return self.spell(thing, suffix)
            case "bare":
                return self.spell(thing)
            case "fk":
                return self.spell("fk", thing)
            case suffix:
                return self.spell(thing, suffix)
